"""The progress of a search that runs elsewhere: there it prints what happens, here that becomes the live table.

Between its other lines such a search prints lines that begin with a mark: one that says that trials begin, with how many run at
once, one for every event, and one that says that they are over.
"""

import json
import time
from contextlib import ExitStack
from types import TracebackType

from rich.console import Console

from tuner.cli.progress import Progress, progress
from tuner.runs.events import Event, SearchStarted, TrialStarted, parse_event
from tuner.runs.ledger import Ledger

MARK = "\x1e"  # the record separator of JSON text sequences (RFC 7464)
PROGRESS = "FRONTIER_TUNER_PROGRESS"
"""Environment variable of a search: "events" where its progress is shown elsewhere."""
_OVER = "null"


class EventLines:
    """Prints what happens for a reader elsewhere."""

    def __init__(self, console: Console, concurrency: int) -> None:
        """Takes where to print."""
        self._console = console
        self._concurrency = concurrency
        self._planned = -1
        self._told = 0
        self._running: set[str] = set()

    def __enter__(self) -> "EventLines":
        """Says that trials begin."""
        self._write(json.dumps(self._concurrency))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Says that they are over."""
        self._write(_OVER)

    def show(self, ledger: Ledger) -> None:
        """Prints what happened since the last call."""
        if ledger.planned != self._planned:
            self._planned = ledger.planned
            self._event(SearchStarted(time=time.time(), trials=self._planned))
        for event in ledger.history[self._told :]:
            self._event(event)
        self._told = len(ledger.history)
        running = {record.trial for record in ledger.trials.values() if record.status == "running"}
        for trial in sorted(running - self._running):
            self._event(TrialStarted(time=time.time(), trial=trial))
        self._running = running

    def _event(self, event: Event) -> None:
        self._write(event.model_dump_json())

    def _write(self, text: str) -> None:
        self._console.file.write(f"{MARK}{text}\n")
        self._console.file.flush()


class RemoteLog:
    """Shows what a job prints: its lines as they are, its events as this console shows a search."""

    def __init__(self, console: Console) -> None:
        """Takes the console."""
        self._console = console
        self._rest = ""
        self._ledger = Ledger()
        self._shown: Progress | None = None
        self._open = ExitStack()

    def __enter__(self) -> "RemoteLog":
        """Nothing yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes the table away, and prints the last line where it has no end."""
        self._open.close()
        if self._rest and not self._rest.startswith(MARK):
            self._print(self._rest)

    def write(self, text: str) -> None:
        """A part of the log."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.startswith(MARK):
                self._take(line.removeprefix(MARK))
            else:
                self._print(line)

    def _take(self, content: str) -> None:
        if content.isdecimal():
            self._ledger = Ledger()
            self._shown = self._open.enter_context(progress(self._console, concurrency=int(content)))
        elif content == _OVER:
            self._open.close()
            self._shown = None
        else:
            self._ledger.apply(parse_event(content.encode()))
            if self._shown is not None:
                self._shown.show(self._ledger)

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def without_events(log: str) -> list[str]:
    """The lines of a log that are for people."""
    return [line for line in log.split("\n") if not line.startswith(MARK)]  # for splitlines, the mark ends a line
