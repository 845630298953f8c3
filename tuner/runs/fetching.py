"""Runs on object storage as local copies: one to read from, and the one that a search works in."""

import os
import shutil
from pathlib import Path

from tuner.errors import InputError
from tuner.runs.atomic import write_bytes_atomically
from tuner.runs.location import RemoteFolder, unreachable

JOURNAL, SETTINGS = "journal.jsonl", "search.yaml"
_MODELS, _PREDICTIONS = "models/", "/validation.npz"


def fetch_to_read(remote: RemoteFolder, *, models: bool = False) -> Path:
    """Brings the local copy for readers up to date and returns it. What has not changed is not fetched again.

    Args:
        remote: where the run lies.
        models: weights and states as well, which can be large. What models predicted of the validation texts always comes.

    Raises:
        InputError: where there is no run, or the storage does not answer.
    """
    folder = remote.cache("read")
    try:
        found = remote.files()
        if SETTINGS not in found:
            raise InputError(f"no run {remote.url}; {_known(remote.parent)}")
        wanted = {
            name: stamp
            for name, stamp in found.items()
            if models or not name.startswith(_MODELS) or name.endswith(_PREDICTIONS)
        }
        for name, (size, time) in wanted.items():
            file = folder / name
            if file.is_file() and (file.stat().st_size, file.stat().st_mtime_ns) == (size, time):
                continue
            _fetch(remote, name, file)
            if file.exists():
                os.utime(file, ns=(time, time))
        for file in list(folder.rglob("*")):
            if file.is_file() and str(file.relative_to(folder)) not in found:
                file.unlink()
    except OSError as error:
        raise unreachable(remote.url, error) from None
    return folder


def fetch_to_write(remote: RemoteFolder) -> Path:
    """Makes the working copy hold all of the run, and returns it.

    A working copy whose journal begins with the whole journal on the storage is ahead of it: the process that wrote there
    was killed before the last upload. It stays as it is. Anything else is fetched anew.

    Raises:
        OSError: where the storage does not answer.
    """
    folder = remote.cache("write")
    there, here = remote.read(JOURNAL) or b"", folder / JOURNAL
    if here.exists() and here.read_bytes().startswith(there):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    for name in remote.files():
        _fetch(remote, name, folder / name)
    return folder


def _fetch(remote: RemoteFolder, name: str, file: Path) -> None:
    content = remote.read(name)
    if content is None:  # removed since it was listed: a search goes on over there
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomically(file, content)


def _known(parent: RemoteFolder) -> str:
    names = parent.folders()
    return f"there are: {', '.join(names[-8:])}" if names else f"there are no runs in {parent.url} yet"
