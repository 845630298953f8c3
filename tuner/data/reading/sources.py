"""From what the user calls the data to files on this machine: paths, patterns, object storage, downloads."""

import glob
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tuner.data.download import download
from tuner.data.reading.compression import LARGEST
from tuner.errors import InputError
from tuner.formatting import shown

STORAGE_SCHEMES = ("s3://", "gs://")
WEB_SCHEMES = ("https://", "http://")


@dataclass(frozen=True)
class Located:
    """Files on this machine.

    Attributes:
        paths: one file or folder, or the files that a pattern matches.
        name: of the data, an ending included.
        notes: whole sentences on how they came here.
    """

    paths: tuple[Path, ...]
    name: str
    notes: tuple[str, ...] = ()


@contextmanager
def located(source: str, option: str = "data") -> Iterator[Located | None]:
    """The files that a path, a pattern or a URL stands for, None where there are none. Copies go when the context ends.

    Args:
        source: the path, pattern or URL.
        option: the parameter that gave it.

    Raises:
        InputError: where a URL cannot be read.
    """
    if source.startswith(STORAGE_SCHEMES):
        with _copied(source, option) as path:
            yield Located((path,), path.name)
    elif source.startswith(WEB_SCHEMES):
        with _downloaded(source, option) as found:
            yield found
    else:
        yield located_here(source)


def is_pattern(source: str) -> bool:
    """Whether a source stands for the files of this machine that match it."""
    return not source.startswith((*STORAGE_SCHEMES, *WEB_SCHEMES)) and any(sign in source for sign in "*?[")


def absolute(source: str) -> str:
    """A path or pattern of this machine as it is from everywhere; a URL or a name as it is."""
    if located_here(source) is None:
        return source
    return str(Path(source).expanduser().resolve())


def is_gone(source: str) -> bool:
    """Whether a source that `absolute` made is a path or pattern under which nothing lies any more."""
    return Path(source).is_absolute() and located_here(source) is None


def located_here(source: str) -> Located | None:
    """The files that a path or a pattern stands for; None where there are none, and for a URL."""
    if source.startswith((*STORAGE_SCHEMES, *WEB_SCHEMES)):
        return None
    try:
        path = Path(source).expanduser()
        if not source:
            return None
        if path.exists():
            return Located((path,), path.resolve().name)
        # Path.glob takes no absolute patterns.
        paths = sorted(glob.glob(str(path), recursive=True)) if is_pattern(source) else []  # noqa: PTH207
    except (OSError, ValueError, RuntimeError):  # a name too long, with a NUL, or of a user without a home
        return None
    return Located(tuple(map(Path, paths)), path.name) if paths else None


@contextmanager
def _downloaded(url: str, option: str) -> Iterator[Located]:
    try:
        address = urlsplit(url)
    except ValueError as error:
        raise InputError(f"cannot be downloaded ({error}); check the address", option=option, value=url) from None
    name = Path(unquote(address.path)).name or "download"
    with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as folder:
        path = Path(folder) / name
        size = download(url, path, limit=LARGEST, option=option)
        with path.open("rb") as file:
            head = file.read(512).lstrip().lower()
        if head.startswith((b"<!doctype html", b"<html")):
            raise InputError("is a web page, not data; give the address of the file itself", option=option, value=url)
        yield Located((path,), name, (f"{shown(name)}: {size:,} bytes downloaded from {address.hostname}",))


@contextmanager
def _copied(url: str, option: str) -> Iterator[Path]:
    """A copy of the file or folder under the URL of object storage, with its own name.

    Options of pyarrow's file systems may follow a question mark.
    """
    from pyarrow import fs

    with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as folder:
        try:
            storage, path = fs.FileSystem.from_uri(url)
            found = storage.get_file_info(path.rstrip("/"))
            target = Path(folder) / found.base_name
            if found.type == fs.FileType.NotFound:
                raise InputError("there is nothing; check bucket and path", option=option, value=url)
            if found.type == fs.FileType.Directory:
                target.mkdir()
            fs.copy_files(
                found.path, str(target), source_filesystem=storage, destination_filesystem=fs.LocalFileSystem()
            )
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"cannot be read ({reason[:200]}); check the URL, the credentials and the network",
                option=option,
                value=url,
            ) from None
        yield target
