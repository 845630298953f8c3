"""The errors that the program raises on purpose, and what each of them ends.

    TunerError
    ├── InputError      the user asked for something that cannot be done: exit code 2, one line, before anything is written
    ├── SearchFailed    the search ran and gave nothing usable: exit code 1, one line
    └── StorageFailed   the run can no longer be written (full disk, storage gone): exit code 1, one line; it can be resumed

What goes wrong inside one trial is none of these: it is recorded with the trial, and the search goes on.

Messages name parameters as Python does, between backticks: "use `searcher='optuna'`", "raise `max_params`". The command line
writes them as its options.
"""

from pathlib import Path

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
"""Exit codes of the command line: the search failed, bad usage or input, interrupted and resumable."""


class TunerError(Exception):
    """Base of the errors that the command line turns into one line and an exit code."""


class InputError(TunerError):
    """Bad usage or bad input. The message is one line: what is wrong, the value that was received, what to do.

    Attributes:
        option: the parameter that is at fault, None where it is not one of them.
        value: what was received for it, None where the message does without.

    >>> tuner.Space(cells="gru")
    Traceback (most recent call last):
    tuner.errors.InputError: space: cells: is no hyperparameter, and no formula uses it; did you mean cell?
    """

    def __init__(self, message: str, *, option: str | None = None, value: object = None) -> None:
        super().__init__(message)
        self.option = option
        self.value = value

    def __str__(self) -> str:
        """The message for a caller in Python: ``trials=0: must be at least 1``."""
        message = super().__str__()
        if self.option is None:
            return message
        value = str(self.value) if isinstance(self.value, Path) else self.value
        return f"{self.option}: {message}" if value is None else f"{self.option}={value!r}: {message}"


class SearchFailed(TunerError):
    """A search that ended without a single usable trial. The message is one line with the reason."""


class StorageFailed(TunerError):
    """A run that cannot be written any more. What was recorded stays; the message says what to fix and how to go on."""
