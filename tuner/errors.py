"""The errors that the program raises on purpose, and what each of them ends.

    TunerError
    ├── InputError      the user asked for something that cannot be done: exit code 2, one line, before anything is written
    ├── SearchFailed    the search ran and gave nothing usable: exit code 1, one line
    └── StorageFailed   the run can no longer be written (full disk, storage gone): exit code 1, one line; it can be resumed

What goes wrong inside one trial is none of these: it is recorded with the trial, and the search goes on.
"""


class TunerError(Exception):
    """Base of the errors that the command line turns into one line and an exit code."""


class InputError(TunerError):
    """Bad usage or bad input. The message is one line: what is wrong, the value that was received, what to do."""


class SearchFailed(TunerError):
    """A search that ended without a single usable trial. The message is one line with the reason."""


class StorageFailed(TunerError):
    """A run that cannot be written any more. What was recorded stays; the message says what to mend and how to go on."""
