"""Files that are either whole or not there."""

import os
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Lets ``write`` fill a temporary file beside ``path`` and moves it into place in one step.

    A reader sees the old file or the new one, never a part; a failed write leaves the old file and no rubbish.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """Writes bytes so that no reader ever sees half of them."""
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def write_text_atomically(path: Path, content: str) -> None:
    """Writes UTF-8 text so that no reader ever sees half of it."""
    write_bytes_atomically(path, content.encode())
