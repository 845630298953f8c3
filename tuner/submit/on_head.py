"""Packs a run into the log of a job: the way home for a run that lies on the head's own disk.

Sent to the head as a file of its own and run there by whatever Python the cluster has, so it needs nothing but the standard
library.
"""

import base64
import hashlib
import io
import json
import os
import sys
import tarfile
import time
from pathlib import Path

BEGIN, END = "-----BEGIN RUN-----", "-----END RUN-----"
MOST_BYTES = 256 * 2**20
RUNS = "FRONTIER_TUNER_RUNS"
"""Environment variable of the head with the folder or URL of runs, ``~/runs`` where there is none."""
_JOURNAL, _SETTINGS = "journal.jsonl", "search.yaml"
_TRIES = 50


def found(run: str, runs_dir: str | None) -> str:
    """The folder or URL of a run: what was said, below ``runs_dir`` or the head's own place where it is a name.

    Raises:
        LookupError: where there is none, naming those that are there.
    """
    root = runs_dir or os.environ.get(RUNS) or str(Path.home() / "runs")
    if "://" in run:
        return run
    if "://" in root:
        base, mark, query = root.partition("?")
        return f"{base.rstrip('/')}/{run}{mark}{query}"
    for folder in (Path(root).expanduser() / run, Path(run).expanduser()):
        if (folder / _SETTINGS).is_file():
            return str(folder)
    known = sorted(path.parent.name for path in Path(root).expanduser().glob(f"*/{_SETTINGS}"))
    there = f"there are: {', '.join(known[-8:])}" if known else f"there are no runs in {root} of the head"
    raise LookupError(f"no run {run!r}; {there}")


def packed(folder: Path) -> bytes:
    """The run as a compressed archive, of one moment: the search may go on, but wrote nothing to its journal meanwhile.

    Raises:
        LookupError: where it is too large, or never holds still.
    """
    for _ in range(_TRIES):
        before = _stamp(folder)
        try:
            archive = _archive(folder)
        except FileNotFoundError:  # replaced while it was read
            continue
        if _stamp(folder) == before:
            return archive
        time.sleep(0.1)
    raise LookupError(f"{folder} changes faster than it can be copied; try again, or keep runs on object storage")


def _stamp(folder: Path) -> tuple[int, int]:
    stat = (folder / _JOURNAL).stat()
    return stat.st_size, stat.st_mtime_ns


def _archive(folder: Path) -> bytes:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    size = sum(path.stat().st_size for path in files)
    if size > MOST_BYTES:
        raise LookupError(
            f"{folder} has {size / 2**20:,.0f} MiB, and at most {MOST_BYTES / 2**20:,.0f} come through the job server; copy "
            "it with `ray rsync-down`, or keep runs on object storage"
        )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for path in files:
            content = path.read_bytes()
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            entry.size, entry.mtime = len(content), int(path.stat().st_mtime)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def main(run: str, runs_dir: str | None) -> int:
    """Prints a line of JSON on what was found, and after it the archive where the run lies on this machine's disk."""
    try:
        place = found(run, runs_dir)
        content = None if "://" in place else packed(Path(place))
    except LookupError as error:
        document, content = {"error": error.args[0]}, None
    else:
        document = {"place": place, "sha256": hashlib.sha256(content).hexdigest() if content is not None else None}
    out = sys.stdout
    out.write(f"{BEGIN}\n{json.dumps(document)}\n")
    if content is not None:
        out.write(base64.encodebytes(content).decode("ascii"))
    out.write(f"{END}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
