"""Locks between processes of a machine, which end with the process that holds them, however it ends."""

import sys
from pathlib import Path

from filelock import BaseFileLock, FileLock


def take_lock(path: Path) -> BaseFileLock:
    """Takes a lock on a file, which is made where it is missing and stays. ``release`` gives it back, from any thread.

    A second attempt fails in the same process, too.

    Raises:
        Timeout: of ``filelock``, where another holds it.
        OSError: where the file cannot be written, or its file system has no locks. A file that merely exists would be no
            replacement: a process that was killed leaves it behind.
    """
    lock = FileLock(path, blocking=False, thread_local=False, fallback_to_soft=False)
    lock.acquire()
    return lock


def drop_lock(lock: BaseFileLock) -> None:
    """Gives a lock back and removes its file. Who has opened that file meanwhile is refused as if it were still locked."""
    if sys.platform != "win32":  # where filelock removes the file itself, since none that is open can be removed
        Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()
