"""What a job is sent: the files of the working tree and the data, in one archive that Ray's job server takes."""

import logging
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tuner.errors import InputError
from tuner.search.ray_tune.capacity import import_ray

LIMIT = 100 * 2**20
"""Bytes that the job server takes in one request (``DASHBOARD_CLIENT_MAX_SIZE`` of Ray)."""
_NEVER_SENT = ("/runs", "/exports")  # what a search leaves behind beside the working tree
_NAMED = 4
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def working_tree(folder: Path) -> dict[str, Path]:
    """The files of a folder by their path in it, without what ``.gitignore`` and ``.rayignore`` name, and what Ray leaves out.

    Raises:
        InputError: where there is no such folder.
    """
    if not folder.is_dir():
        raise InputError("is no folder; give the one that the job is to run in", option="working_dir", value=folder)
    import_ray()
    from ray._private.ray_constants import get_runtime_env_default_excludes
    from ray._private.runtime_env.packaging import _dir_travel, _get_excludes

    files: dict[str, Path] = {}

    def take(path: Path) -> None:
        if path.is_file():
            files[path.relative_to(folder).as_posix()] = path

    excludes = [_get_excludes(folder, [*get_runtime_env_default_excludes(), *_NEVER_SENT])]
    _dir_travel(folder, excludes, take, include_gitignore=True, logger=logging.getLogger(__name__))
    return files


def files_below(path: Path, name: str) -> dict[str, Path]:
    """A file, or all files of a folder, by the path that they get under ``name``."""
    if path.is_file():
        return {name: path}
    return {f"{name}/{file.relative_to(path).as_posix()}": file for file in sorted(path.rglob("*")) if file.is_file()}


def pack(files: Mapping[str, Path], archive: Path, *, limit: int = LIMIT) -> int:
    """Writes a zip archive, the same bytes for the same files, and returns its size.

    Args:
        files: what goes in, by the path in the archive.
        limit: bytes that it may have.

    Raises:
        InputError: where it becomes larger, naming the largest folders; or where a file cannot be read.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(files):
            try:
                content, mode = files[name].read_bytes(), files[name].stat().st_mode
            except OSError as error:
                raise InputError(f"{files[name]}: cannot be sent ({error.strerror}); make it readable") from None
            entry = zipfile.ZipInfo(name, _EARLIEST)  # not the file's time: Ray knows an archive by its content
            entry.external_attr = mode << 16
            target.writestr(entry, content, zipfile.ZIP_DEFLATED)
            if archive.stat().st_size > limit:
                raise InputError(_too_large(files, limit))
    size = archive.stat().st_size
    if size > limit:
        raise InputError(_too_large(files, limit))
    return size


def _too_large(files: Mapping[str, Path], limit: int) -> str:
    sizes: Counter[str] = Counter()
    for name, path in files.items():
        top, slash, _ = name.partition("/")
        sizes[top + slash] += path.stat().st_size
    largest = ", ".join(f"{name} {mebibytes(size)}" for name, size in sizes.most_common(_NAMED))
    return (
        f"the upload is larger than the {mebibytes(limit)} that Ray's job server takes (largest: {largest}); name what is "
        "not needed in .gitignore or .rayignore, or put large data on the head and give their path there"
    )


def mebibytes(size: int) -> str:
    """A size for people."""
    return f"{size / 2**20:,.1f} MiB"
