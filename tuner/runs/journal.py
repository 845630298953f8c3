"""The journal of a search: append-only, flushed line by line, readable after any crash."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from filelock import Timeout
from pydantic import BaseModel

from search_spaces.config import CombinationError
from search_spaces.families import BUILT_IN, ModelFamily, family_of
from tuner.errors import InputError
from tuner.runs.atomic import write_text_atomically
from tuner.runs.events import (
    JOURNAL_FORMAT,
    Event,
    FoldsSkipped,
    RivalEnded,
    SearchExtended,
    SearchStable,
    SearchStarted,
    StudentEnded,
    TrialContinued,
    TrialProposed,
    parse_event,
)
from tuner.runs.locking import drop_lock, take_lock
from tuner.runs.students import take_in

# Every event is flushed to the operating system at once, which a killed process survives. Reaching the disk takes
# milliseconds, so it is asked for at most this often, and at the end: what a power failure can cost.
_SECONDS_BETWEEN_SYNCS = 1.0


class Journal:
    """Appends events to ``journal.jsonl``. One process writes, under a lock that ends with it; any number read.

    Attributes:
        truncated: bytes of a truncated last line, left by a crash, that were cut off; 0 where there was none.
    """

    def __init__(self, path: Path) -> None:
        """Opens the journal for appending.

        Raises:
            InputError: where another process writes it, naming that, or nobody can.
        """
        self._owner = path.with_name(".owner")
        try:
            self._file = path.open("ab", buffering=0)
            # Not on the journal itself: Windows would keep readers from what is locked.
            self._lock = take_lock(path.with_name(".lock"))
        except Timeout:
            self._file.close()
            owner = self._owner.read_text(encoding="utf-8") if self._owner.exists() else "another process"
            raise InputError(f"{path.parent}: {owner} runs this search; wait for its end or stop it first") from None
        except OSError as error:
            raise InputError(
                f"{path}: cannot be written and locked ({error.strerror}); make the folder writable, or copy the run elsewhere"
            ) from None
        # The lock ends with the process, however that ends: what an earlier owner left here is overwritten.
        write_text_atomically(self._owner, this_process())
        self.truncated = _cut_truncated_line(path)
        self._size = os.fstat(self._file.fileno()).st_size
        self._synced = 0.0

    def append(self, event: Event) -> None:
        """Writes one event; it is with the operating system when this returns. Where it cannot be written, no part of it is.

        Raises:
            OSError: where the disk is full or gone.
        """
        line = memoryview(event.model_dump_json().encode() + b"\n")
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError:
            os.ftruncate(self._file.fileno(), self._size)
            raise
        self._size = os.fstat(self._file.fileno()).st_size
        if event.time - self._synced >= _SECONDS_BETWEEN_SYNCS:
            os.fsync(self._file.fileno())
            self._synced = event.time

    def size(self) -> int:
        """Bytes written so far: the state that a table was made from is named by it."""
        return self._size

    def close(self) -> None:
        """Flushes to the disk and gives the lock back."""
        if not self._file.closed:
            os.fsync(self._file.fileno())
            self._owner.unlink(missing_ok=True)
            self._file.close()
            drop_lock(self._lock)


def this_process() -> str:
    """What a message calls the process that runs a search."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def _cut_truncated_line(path: Path) -> int:
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
    return len(content) - whole


class JournalReader:
    """Reads a journal once from its beginning, and what is written to it afterwards."""

    def __init__(self, path: Path) -> None:
        """Reads nothing yet."""
        self._path = path
        self._offset, self._lines = 0, 0
        self._proposed: set[str] = set()
        self._family: ModelFamily = BUILT_IN

    def read(self) -> Iterator[Event]:
        """The events since the last call, in their order. A truncated last line is left out until it is whole.

        Raises:
            InputError: where a whole line is no event, or tells of a trial that was never proposed, or the format is another.
        """
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                event = self._event(line)
                self._offset += len(line)
                yield event

    def _event(self, line: bytes) -> Event:
        self._lines += 1
        path, number, proposed = self._path, self._lines, self._proposed
        try:
            event = parse_event(line)
            if isinstance(event, TrialProposed | TrialContinued):
                # Checked, and with a value for every hyperparameter that was unknown when it was written.
                event = event.model_copy(update={"config": self._family.config(event.config).model_dump()})
        except (ValueError, CombinationError):
            _check_format(path, line)
            raise _damaged(path, number, "is no event of a search", line) from None
        if isinstance(event, TrialProposed):
            if event.trial in proposed:
                raise _damaged(path, number, "proposes a trial again", line)
            proposed.add(event.trial)
        elif not {getattr(event, name, None) for name in ("trial", "source")} - {None} <= proposed:
            raise _damaged(path, number, "tells of a trial that was never proposed", line)
        if isinstance(event, SearchStarted):
            _check_format(path, line)
            self._family = family_of(event.own)
        return event


def read_journal(path: Path) -> Iterator[Event]:
    """The events of a journal in their order. A truncated last line (a crash while writing) is left out.

    Raises:
        InputError: where a whole line is no event, or tells of a trial that was never proposed, or the format is another.
    """
    return JournalReader(path).read()


def read_rivals(path: Path) -> dict[str, RivalEnded]:
    """What a journal says last of each rival, by name; its other lines are not looked into."""
    return {event.rival: event for event in _events_of(path, RivalEnded, b'"event":"rival_ended"')}


def read_students(path: Path) -> dict[str, StudentEnded]:
    """The students that a journal tells of, by name; its other lines are not looked into."""
    students: dict[str, StudentEnded] = {}
    for event in _events_of(path, StudentEnded, b'"event":"student_ended"'):
        take_in(students, event)
    return students


def read_skipped_folds(path: Path) -> dict[str, FoldsSkipped]:
    """Why configurations were not trained on all folds, by their trial on the first."""
    return {event.trial: event for event in _events_of(path, FoldsSkipped, b'"event":"folds_skipped"')}


def read_stable(path: Path) -> SearchStable | None:
    """Why a search proposed no more configurations; None where it did, or was extended since."""
    found = _events_of(path, (SearchStable, SearchExtended), b'"event":"search_')
    last = found[-1] if found else None
    return last if isinstance(last, SearchStable) else None


_Kind = TypeVar("_Kind", bound=BaseModel)


def _events_of(path: Path, kind: type[_Kind] | tuple[type[_Kind], ...], mark: bytes) -> list[_Kind]:
    """The whole lines that are events of a kind, or of several, which all hold its mark."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        lines = [line for line in file if mark in line and line.endswith(b"\n")]
    return [event for event in map(parse_event, lines) if isinstance(event, kind)]


def _check_format(path: Path, line: bytes) -> None:
    """Events of another format may not even look like events; the line that begins a search names it."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return
    written = content.get("format", JOURNAL_FORMAT) if isinstance(content, dict) else JOURNAL_FORMAT
    if written not in range(1, JOURNAL_FORMAT + 1):
        raise InputError(
            f"{path}: format {written} was written by another version of frontier-tuner, this one reads 1 to {JOURNAL_FORMAT}; "
            "use the version that search.yaml names"
        )


def _damaged(path: Path, number: int, what: str, line: bytes) -> InputError:
    return InputError(f"{path}: line {number} {what}: {line[:60]!r}; restore the file or remove that line")
