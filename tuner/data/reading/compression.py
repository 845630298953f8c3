"""Compressed files: which compression it is, and how the bytes within are read.

The command line lists the endings in its help, so nothing heavy is imported before a file is read.
"""

import bz2
import gzip
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from tuner.errors import InputError

LARGEST = 4 * 2**30
"""Bytes that a compressed file or an archive may unpack to."""
DAMAGED = (
    *(OSError, EOFError, RuntimeError, ValueError, IndexError),  # the last of zipfile, where a name has no character
    *(zlib.error, lzma.LZMAError, struct.error, zipfile.BadZipFile, tarfile.TarError),
)
"""What unpacking a damaged or an encrypted file raises."""
_CHUNK = 2**20


@dataclass(frozen=True)
class Compression:
    """A way to compress one file.

    Attributes:
        suffix: ending of the names of such files.
        begins: matches the first bytes of such files.
        open: gives the bytes within.
    """

    suffix: str
    begins: re.Pattern[bytes]
    open: Callable[[Path], IO[bytes]]


def _open_zstd(path: Path) -> IO[bytes]:
    import pyarrow as pa

    return cast("IO[bytes]", pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))


def _open_only_member(path: Path) -> IO[bytes]:
    with zipfile.ZipFile(path) as archive:
        (member,) = zip_members(archive)
        return archive.open(member)  # keeps the archive's file open until it is closed itself


def zip_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive, without what operating systems put there for themselves."""
    return [member for member in archive.infolist() if not member.is_dir() and not is_hidden(Path(member.filename))]


def is_hidden(path: Path) -> bool:
    """Whether a path within a folder or archive holds no data: hidden files, and what macOS and Spark leave."""
    return any(part.startswith((".", "_")) and part not in ("..", ".") for part in path.parts)


OFFICE_DOCUMENT = re.compile(
    rb"PK\x03\x04.{26}(\[Content_Types\]|_rels/|docProps/|xl/|mimetypeapplication/vnd\.oasis)", re.DOTALL
)
"""Matches the first bytes of the ZIP archives that spreadsheets are."""
ZIP = Compression(".zip", re.compile(rb"PK\x03\x04"), _open_only_member)
COMPRESSIONS = (
    Compression(".gz", re.compile(rb"\x1f\x8b"), cast("Callable[[Path], IO[bytes]]", gzip.open)),
    Compression(".bz2", re.compile(rb"BZh[1-9]1AY&SY"), cast("Callable[[Path], IO[bytes]]", bz2.open)),
    Compression(".xz", re.compile(rb"\xfd7zXZ\x00"), cast("Callable[[Path], IO[bytes]]", lzma.open)),
    Compression(".zst", re.compile(rb"\x28\xb5\x2f\xfd"), _open_zstd),
    ZIP,
)


def compression_of(path: Path) -> Compression | None:
    """The compression of a file by its first bytes, else by its ending; a ZIP archive of several files is none."""
    with path.open("rb") as file:
        head = file.read(16)
    suffix = path.suffix.lower()
    found = next((one for one in COMPRESSIONS if one.begins.match(head)), None) or next(
        (one for one in COMPRESSIONS if one.suffix == suffix), None
    )
    return None if found is ZIP and only_member(path) is None else found


def only_member(path: Path) -> str | None:
    """The name of the only file in a ZIP archive; None where it has several, or is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = zip_members(archive)
    except DAMAGED:
        return None
    return members[0].filename if len(members) == 1 else None


def copy_bounded(source: IO[bytes], target: IO[bytes], origin: str, *, spent: int = 0) -> int:
    """Copies the bytes of an opened compressed file and returns their number.

    Args:
        source: to read to its end.
        target: to write to.
        origin: the file's name in messages.
        spent: bytes that other files of the same archive unpacked to.

    Raises:
        InputError: where that is more than ``LARGEST`` together.
    """
    size = 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if spent + size > LARGEST:
            raise InputError(
                f"{origin} unpacks to more than {LARGEST / 2**30:g} GiB: unpack it, and give the files that are needed"
            )
        target.write(chunk)
    return size
