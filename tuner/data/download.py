"""Files from the network, whole and verified or not at all."""

import hashlib
import http.client
import os
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from tuner.errors import InputError
from tuner.formatting import shown


@dataclass(frozen=True)
class RemoteFile:
    """A file that is published under `url` with the MD5 sum `md5` (hexadecimal), and stored as `filename`."""

    filename: str
    url: str
    md5: str


def fetch(remote: RemoteFile, target: Path, *, timeout: float = 30.0) -> None:
    """Download `remote` to `target`, with a progress bar on a terminal's standard error.

    The file appears under its name only when it is complete and its checksum right. timeout: seconds without a byte
    after which the server counts as unreachable. Raises InputError that says where to put the file by hand.
    """
    by_hand = f"get {remote.url} by hand and put it at {target}"
    part: Path | None = None
    try:
        if target.parent.exists() and not target.parent.is_dir():
            raise InputError("is a file; give a folder", option="data_dir", value=target.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            part = Path(file.name)
            found = _copy(remote.url, remote.filename, file, timeout)
        if found != remote.md5:
            raise InputError(
                f"{remote.filename} came with MD5 {found}, published is {remote.md5}: try again, or {by_hand}"
            )
        part.chmod(0o644)  # temporary files are for their owner alone; data folders are often shared
        os.replace(part, target)  # noqa: PTH105 - the name that says it is atomic
    except (OSError, http.client.HTTPException) as error:
        reason = shown(str(error) or type(error).__name__, 100)
        raise InputError(f"{remote.filename} cannot be downloaded ({reason}): {by_hand}") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def download(url: str, target: Path, *, limit: int, option: str, timeout: float = 30.0) -> int:
    """Download what `url` names to `target`, as `fetch` does but unverified, and return the number of bytes.

    limit: bytes that it may have. option: the parameter that gave the URL. timeout: seconds without a byte after which the
    server counts as unreachable. Raises InputError where there is nothing, or too much.
    """
    try:
        with target.open("wb") as file:
            _copy(url, target.name, file, timeout, limit)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = shown(str(error) or type(error).__name__, 100)
        raise InputError(
            f"cannot be downloaded ({reason}); check the address and the network, or download it by hand",
            option=option,
            value=url,
        ) from None
    return target.stat().st_size


def _copy(url: str, name: str, file: IO[bytes], timeout: float, limit: int | None = None) -> str:
    """Copy what `url` names into `file` and return its MD5 sum; `name` stands beside the progress bar."""
    digest = hashlib.md5(usedforsecurity=False)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with (
        urllib.request.urlopen(url, timeout=timeout) as response,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        size = int(response.headers.get("Content-Length") or 0)
        task = progress.add_task(name, total=size or None)
        done = 0
        while chunk := response.read(1 << 18):
            done += len(chunk)
            if limit is not None and max(done, size) > limit:
                raise OSError(f"more than {limit / 2**30:g} GiB")
            file.write(chunk)
            digest.update(chunk)
            progress.update(task, completed=done)
    if done < size:
        raise http.client.HTTPException(f"the connection ended after {done:,} of {size:,} bytes")
    return digest.hexdigest()


def md5_of(path: Path) -> str:
    """Return the MD5 sum of the file at `path`, in hexadecimal. Raises InputError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    except OSError as error:
        raise InputError(f"{shown(str(path), 200)} cannot be read ({error.strerror}): check its permissions") from error
