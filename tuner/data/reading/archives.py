"""ZIP and tar archives of several files, unpacked into a temporary folder: nothing lands outside of it, nor without end."""

import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tuner.data.reading.compression import (
    DAMAGED,
    OFFICE_DOCUMENT,
    ZIP,
    compression_of,
    copy_bounded,
    is_hidden,
    zip_members,
)
from tuner.errors import InputError
from tuner.formatting import shown

_TAR_MAGIC = slice(257, 262)


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP archive of several files, or a tar archive, which may be compressed."""
    compression = compression_of(path)
    try:
        with path.open("rb") if compression is None else compression.open(path) as file:
            head = file.read(512)
    except DAMAGED:
        return False  # what is wrong is said where the file is read
    return head[_TAR_MAGIC] == b"ustar" or (ZIP.begins.match(head) is not None and OFFICE_DOCUMENT.match(head) is None)


@contextmanager
def unpacked(path: Path, origin: str) -> Iterator[Path]:
    """A folder with the files of an archive; it goes when the context ends. Links are left out.

    Args:
        path: of the archive.
        origin: its name in messages.

    Raises:
        InputError: where the archive is damaged, encrypted or too large, or names a path outside of itself.
    """
    with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as folder:
        spent = 0
        try:
            for name, content in _members(path):
                with content:
                    target = _inside(Path(folder), name, origin)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("wb") as file:
                        spent += copy_bounded(content, file, origin, spent=spent)
        except DAMAGED as error:
            raise InputError(
                f"{origin} cannot be unpacked ({shown(str(error), 200)}): unpack it, and give the folder"
            ) from error
        yield Path(folder)


def _members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    compression = compression_of(path)
    if compression is None and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in zip_members(archive):
                yield member.filename, archive.open(member)
        return
    with (
        path.open("rb") if compression is None else compression.open(path) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        for entry in archive:
            content = archive.extractfile(entry) if entry.isfile() else None
            if content is not None and not is_hidden(Path(entry.name)):
                yield entry.name, content


def _inside(folder: Path, name: str, origin: str) -> Path:
    """Where a member is unpacked to."""
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise InputError(
            f"{origin} holds the path {shown(name)}, which leads out of it: unpack it, and give the folder"
        )
    return target
