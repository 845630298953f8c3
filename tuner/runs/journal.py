"""The journal of a search: append-only, flushed line by line, readable after any crash."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from tuner.errors import InputError
from tuner.runs.events import JOURNAL_FORMAT, Event, SearchStarted, parse_event

# Every event is flushed to the operating system at once, which a killed process survives. Reaching the disk takes
# milliseconds, so it is asked for at most this often, and at the end: what a power failure can cost.
_SECONDS_BETWEEN_SYNCS = 1.0


class Journal:
    """Appends events to ``journal.jsonl``. One process writes, under a lock that ends with it; any number read."""

    def __init__(self, path: Path) -> None:
        """Opens the journal for appending; a torn last line, left by a crash, is cut off first.

        Raises:
            InputError: where another process writes it.
        """
        self._file = path.open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise InputError(
                f"{path.parent}: another process runs this search; wait for its end or stop it first"
            ) from None
        _cut_torn_line(path)
        self._synced = 0.0

    def append(self, event: Event) -> None:
        """Writes one event; it is with the operating system when this returns."""
        self._file.write(event.model_dump_json().encode() + b"\n")
        self._file.flush()
        if event.time - self._synced >= _SECONDS_BETWEEN_SYNCS:
            os.fsync(self._file.fileno())
            self._synced = event.time

    def size(self) -> int:
        """Bytes written so far: the state that a table was made from is named by it."""
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        """Flushes to the disk and closes."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def __enter__(self) -> "Journal":
        """The open journal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes."""
        self.close()


def _cut_torn_line(path: Path) -> None:
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)


def read_journal(path: Path) -> Iterator[Event]:
    """The events of a journal in their order. A torn last line (a crash while writing) is left out.

    Raises:
        InputError: where a whole line is no event, or the format is of another version.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                event = parse_event(line)
            except ValidationError:
                raise InputError(
                    f"{path}: line {number} is no event of a search: {line[:60]!r}; restore the file or remove that line"
                ) from None
            if isinstance(event, SearchStarted) and event.format != JOURNAL_FORMAT:
                raise InputError(
                    f"{path}: format {event.format} was written by another version of frontier-tuner, this one reads "
                    f"{JOURNAL_FORMAT}; use the version that search.yaml names"
                )
            yield event
