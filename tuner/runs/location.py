"""Where runs lie: a local folder, or a prefix on object storage, which a URL names."""

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tuner.errors import InputError
from tuner.user_cache import cache_folder

SCHEMES = ("s3", "gs")
RUNS_VARIABLE = "FRONTIER_TUNER_RUNS"
_URL = re.compile(r"([a-z][a-z0-9+.]+):/{1,2}(?=[^/])(.*)")


@dataclass(frozen=True)
class RemoteFolder:
    """A prefix on object storage.

    Objects appear there whole or not at all, which is all that is asked of it; they cannot be appended to.

    Attributes:
        url: for instance ``s3://bucket/runs/first``; options of pyarrow's file systems may follow a question mark.
    """

    url: str

    def child(self, name: str) -> "RemoteFolder":
        """The folder of that name in this one."""
        base, mark, query = self.url.partition("?")
        return RemoteFolder(f"{base.rstrip('/')}/{name}{mark}{query}")

    @property
    def parent(self) -> "RemoteFolder":
        """The folder that this one lies in."""
        base, mark, query = self.url.partition("?")
        return RemoteFolder(f"{base.rstrip('/').rpartition('/')[0]}{mark}{query}")

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.url.partition("?")[0].rstrip("/").rpartition("/")[2]

    def cache(self, purpose: str) -> Path:
        """The local folder that stands for this one."""
        place = hashlib.sha256(self.parent.url.encode()).hexdigest()[:16]
        return cache_folder(purpose) / place / self.name

    def read(self, name: str) -> bytes | None:
        """The content of an object, None where there is none.

        Raises:
            OSError: where the storage does not answer, as all of these do.
        """
        try:
            with self._filesystem.open_input_stream(f"{self._path}/{name}") as stream:
                content: bytes = stream.read()
                return content
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Puts an object in place of what was there. Until all of it has arrived, readers see the old one."""
        stream = self._filesystem.open_output_stream(f"{self._path}/{name}")
        stream.write(content)
        stream.close()

    def delete(self, name: str) -> None:
        """Removes an object, if it is there."""
        with suppress(FileNotFoundError):
            self._filesystem.delete_file(f"{self._path}/{name}")

    def files(self) -> dict[str, tuple[int, int]]:
        """Size and time (nanoseconds since 1970) of every object below this folder, by the path from here."""
        from pyarrow import fs

        selector = fs.FileSelector(self._path, recursive=True, allow_not_found=True)
        return {
            info.path.removeprefix(f"{self._path}/"): (info.size, info.mtime_ns)
            for info in self._filesystem.get_file_info(selector)
            if info.type == fs.FileType.File
        }

    def folders(self) -> list[str]:
        """Names of the folders in this one: what objects lie in. (Asked for folders, gs:// knows those only that were made.)"""
        return sorted({name.partition("/")[0] for name in self.files() if "/" in name})

    @property
    def _path(self) -> str:
        return str(self._opened[1])

    @property
    def _filesystem(self) -> Any:
        return self._opened[0]

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        from pyarrow import fs

        try:
            filesystem, path = fs.FileSystem.from_uri(self.url)
        except (OSError, ValueError) as error:
            raise unreachable(self.url, error) from None
        return filesystem, path.rstrip("/")


def runs_folder() -> Path:
    """Where runs are kept when nothing is said: FRONTIER_TUNER_RUNS, a folder or a URL, else ``runs``.

    A cluster's nodes have the variable set, so that no search there is lost with its machine.
    """
    return Path(os.environ.get(RUNS_VARIABLE) or "runs")


def remote_folder(place: Path | str) -> RemoteFolder | None:
    """The folder on object storage that a path or text means, None where it means a local one.

    A ``pathlib.Path`` of a URL has one slash where there were two, and what was joined to it stands behind its options:
    ``s3:/bucket/runs?region=x/first`` is ``s3://bucket/runs/first?region=x``.

    Raises:
        InputError: where the URL's scheme is none that is known.
    """
    match = _URL.fullmatch(str(place))
    if match is None:
        return None
    scheme, rest = match[1], match[2]
    if scheme not in SCHEMES:
        raise InputError(
            f"{place}: {scheme} is no storage that is known; give a folder, s3://BUCKET/PATH or gs://BUCKET/PATH"
        )
    base, mark, query = rest.partition("?")
    query, _, joined = query.partition("/")
    base = f"{base.rstrip('/')}/{joined}" if joined else base.rstrip("/")
    return RemoteFolder(f"{scheme}://{base}{mark}{query}")


def unreachable(url: str, error: Exception) -> InputError:
    """What is said of storage that does not answer, or does not let us in."""
    reason = " ".join(str(error).split())
    host = urlsplit(url).netloc
    return InputError(f"{url}: {host} cannot be used ({reason[:200]}); check the URL, the credentials and the network")
