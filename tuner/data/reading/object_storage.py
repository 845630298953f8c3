"""Data that lie on object storage: brought here for as long as they are read."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tuner.data.wording import shown
from tuner.errors import InputError

SCHEMES = ("s3://", "gs://")


@contextmanager
def brought_here(url: str) -> Iterator[Path]:
    """A copy of the file or folder under `url`, with its own name; it goes when the context ends.

    Options of pyarrow's file systems may follow a question mark. Raises InputError where there is nothing, or the storage does
    not answer.
    """
    from pyarrow import fs

    with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as folder:
        try:
            storage, path = fs.FileSystem.from_uri(url)
            found = storage.get_file_info(path.rstrip("/"))
            target = Path(folder) / found.base_name
            if found.type == fs.FileType.NotFound:
                raise InputError(f"--data {shown(url, 200)}: there is nothing; check bucket and path")
            if found.type == fs.FileType.Directory:
                target.mkdir()
            fs.copy_files(
                found.path, str(target), source_filesystem=storage, destination_filesystem=fs.LocalFileSystem()
            )
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"--data {shown(url, 200)}: cannot be read ({reason[:200]}); check the URL, the credentials and the network"
            ) from None
        yield target
