"""Silence for libraries that write to standard error what no setting stops."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from tuner.errors import TunerError


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keeps file descriptor 2 silent inside the block.

    Where the block fails what was held back is shown after all, unless by one of our own errors: those say it in one line.

    C++ writes there before its log can be configured, so that Python's ``sys.stderr`` is not enough.
    """
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)
            if not isinstance(sys.exc_info()[1], TunerError | None):
                held_back.seek(0)
                sys.stderr.write(held_back.read().decode(errors="replace"))
