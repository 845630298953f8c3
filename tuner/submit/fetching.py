"""Brings a run of a cluster here: whole, or not at all."""

import base64
import hashlib
import io
import json
import secrets
import shlex
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tuner.errors import InputError, SearchFailed
from tuner.runs.folder import RunFolder
from tuner.runs.location import remote_folder
from tuner.submit import on_head
from tuner.submit.job_server import JobServer
from tuner.submit.upload import pack

_SECONDS = 300.0
_SECONDS_FOR_A_LOG = 20.0


def fetch_run(server: JobServer, run: str, runs_dir: str | None, target_dir: Path) -> RunFolder:
    """Copies a run from the head's disk, or from the object storage that the head keeps it on.

    Args:
        run: its name, folder or URL, as the head knows it.
        runs_dir: where it lies there, None for the head's own place.
        target_dir: the folder of runs here. An older copy of the same run in it is replaced.

    Raises:
        InputError: where there is no such run, or another one of that name is here.
    """
    with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as scratch:
        archive = Path(scratch) / "fetch.zip"
        pack({"on_head.py": Path(on_head.__file__)}, archive)
        asked = ["python", "on_head.py", run, *([runs_dir] if runs_dir else [])]
        job = server.submit(shlex.join(asked), job=f"fetch-{secrets.token_hex(4)}", archive=archive)
    ended = server.wait(job, seconds=_SECONDS)
    log = _whole_log(server, job) if ended.status == "succeeded" else server.log(job)
    if ended.status != "succeeded":
        last = [line for line in (*log.splitlines(), ended.message) if line.strip()][-1]
        raise SearchFailed(f"{run}: could not be packed on the head ({last[:200]}); see `ray job logs {job}`")
    place, content = read_packed(log)
    remote = remote_folder(place)
    if remote is not None:
        return copy_run(remote.url, target_dir)
    if content is None:
        raise SearchFailed(f"{run}: the head sent nothing of {place}; see `ray job logs {job}`")
    return arrived(Path(place).name, target_dir, lambda partial: _unpack(content, partial))


def _whole_log(server: JobServer, job: str) -> str:
    """What a job has printed, with its last line: a busy head knows that a job is over before it has all of that."""
    deadline = time.monotonic() + _SECONDS_FOR_A_LOG
    while True:
        log = server.log(job)
        if on_head.END in log.splitlines() or time.monotonic() >= deadline:
            return log
        time.sleep(0.5)


def copy_run(url: str, target_dir: Path) -> RunFolder:
    """Copies a run from object storage.

    Raises:
        InputError: as ``fetch_run`` does.
    """
    from tuner.runs.fetching import fetch_to_read

    remote = remote_folder(url)
    if remote is None:
        raise InputError(f"{url}: is no URL of object storage; give s3://BUCKET/PATH or gs://BUCKET/PATH")
    copy = fetch_to_read(remote, models=True)
    return arrived(remote.name, target_dir, lambda partial: shutil.copytree(copy, partial, dirs_exist_ok=True))


def read_packed(log: str) -> tuple[str, bytes | None]:
    """Where a run lies, and its archive where it came along, from the log of the job that packed it.

    Raises:
        InputError: with what the head says is wrong.
        SearchFailed: where the log is damaged.
    """
    lines = log.splitlines()
    try:
        begin = lines.index(on_head.BEGIN)
        end = lines.index(on_head.END, begin)
        document = json.loads(lines[begin + 1])
    except (ValueError, IndexError):
        raise SearchFailed("the head's answer is cut off; try again") from None
    if "error" in document:
        raise InputError(str(document["error"]))
    if document["sha256"] is None:
        return document["place"], None
    content = base64.b64decode("".join(lines[begin + 2 : end]))
    if hashlib.sha256(content).hexdigest() != document["sha256"]:
        raise SearchFailed(f"{document['place']}: arrived damaged; try again")
    return document["place"], content


def arrived(name: str, target_dir: Path, fill: Callable[[Path], object]) -> RunFolder:
    """The run folder of that name, filled before anybody can see it. An older copy of the same run goes.

    Raises:
        InputError: where a different run of that name is there, or one that went on here.
    """
    folder, partial = target_dir / name, target_dir / f".{name}.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        fill(partial)
        if folder.exists():
            _check_older(folder, partial)
            old = target_dir / f".{name}.old"
            shutil.rmtree(old, ignore_errors=True)
            folder.rename(old)
            partial.rename(folder)
            shutil.rmtree(old)
        else:
            partial.rename(folder)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror or error}); choose another `runs_dir`"
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return RunFolder(folder)


def _check_older(here: Path, fetched: Path) -> None:
    """Only a copy of which the fetched run is a continuation may be replaced."""
    journal = here / "journal.jsonl"
    before = journal.read_bytes() if journal.is_file() else None
    if before is None or not (fetched / "journal.jsonl").read_bytes().startswith(before) or _other(here, fetched):
        raise InputError(
            f"{here}: is another run, or went on here since it was fetched; choose another `runs_dir` or remove the folder"
        )


def _other(here: Path, fetched: Path) -> bool:
    from tuner.runs.settings import read_settings

    return read_settings(here / "search.yaml").created != read_settings(fetched / "search.yaml").created


def _unpack(content: bytes, folder: Path) -> None:
    """Writes the files of an archive, and nothing outside the folder.

    By hand, because ``extractall`` takes ``filter="data"`` only from Python 3.11.4 on, and Debian 12 has 3.11.2.
    """
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            target = (folder / member.name).resolve()
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None and target.is_relative_to(folder.resolve()):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read())
