"""The live progress of a search, here or on a cluster.

Between its other lines such a search prints lines that begin with a mark: one that says that trials begin, with how many run at
once, one for every event, and one that says that they are over.
"""

import json
import time
from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Generic

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from analysis.descriptions import network_text
from tuner.cli.terminal import plain_table
from tuner.formatting import counted, duration_text, epochs_text
from tuner.runs.configurations import contenders
from tuner.runs.events import Event, SearchStarted, TrialStarted, parse_event
from tuner.runs.pareto import pareto_front
from tuner.runs.search_state import SearchState, TrialRecord
from tuner.search.work_queue import End, QueueController

_SECONDS_BETWEEN_DRAWINGS = 0.25
_ROWS = 8


class Progress(AbstractContextManager["Progress"]):
    """Shows the search_state of a running search."""

    def __exit__(self, *error: object) -> None: ...

    @abstractmethod
    def show(self, search_state: SearchState) -> None:
        """Called several times a second."""


def progress(console: Console, *, concurrency: int) -> Progress:
    """The kind that suits the console."""
    return LiveTable(console, concurrency) if console.is_terminal else PlainLines(console, concurrency)


class EndedLines(Generic[End]):
    """A line for each training of a confirmation or a distillation that has ended."""

    def __init__(self, console: Console, line: Callable[[End], str]) -> None:
        """Takes what says how one ended."""
        self._console = console
        self._line: Callable[[End], str] = line
        self._started = time.monotonic()
        self._told = 0
        console.print("starting Ray and the workers ...")

    def show(self, controller: QueueController[Any, Any]) -> None:
        """Prints what ended since the last call."""
        for end in controller.ended[self._told :]:
            self._told += 1
            elapsed, done = duration_text(time.monotonic() - self._started), f"{self._told}/{controller.planned}"
            self._console.print(f"{elapsed:>6}  {done}  {self._line(end)}", soft_wrap=True)


class Standing:
    """The state of a search in a few numbers."""

    def __init__(self, search_state: SearchState, concurrency: int) -> None:
        records = list(search_state.trials.values())
        self.ended = search_state.over
        self.planned = max(search_state.planned, len(records))
        self.epochs = sum(record.last_epoch for record in records)
        scored = contenders(search_state)
        self.best = max(scored, key=lambda record: record.score or 0.0).value if scored else None
        self.frontier = len(pareto_front([record.score or 0.0 for record in scored], [r.size for r in scored]))
        self.seconds_left = self._seconds_left(records, concurrency)

    def _seconds_left(self, records: list[TrialRecord], concurrency: int) -> float | None:
        """What is left at the mean cost of the trials that ended, None until as many as run at once have, and at the end."""
        spent = [record.seconds for record in records if record.ended and record.epochs]
        if len(spent) < max(2, concurrency) or self.ended == self.planned:
            return None
        running = sum(record.seconds for record in records if record.status == "running")
        mean = sum(spent) / len(spent)
        return max(0.0, mean * (self.planned - self.ended) - running) / concurrency

    def text(self) -> str:
        """One line."""
        best = f"best {self.best:.4f}" if self.best is not None else "no result yet"
        left = f", about {duration_text(self.seconds_left)} left" if self.seconds_left is not None else ""
        return f"{self.ended}/{self.planned} trials, {counted(self.epochs, 'epoch')}, {best}, frontier {self.frontier}{left}"


class LiveTable(Progress):
    """Redraws one table in place."""

    def __init__(self, console: Console, concurrency: int) -> None:
        self._console = console
        self._concurrency = concurrency
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._started = time.monotonic()
        self._drawn = 0.0

    def __enter__(self) -> "LiveTable":
        """Starts with a line that says what takes so long."""
        self._live.__enter__()
        self._live.update(Text("starting Ray and the workers ..."), refresh=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def show(self, search_state: SearchState) -> None:
        """Draws, at most four times a second."""
        now = time.monotonic()
        if now - self._drawn >= _SECONDS_BETWEEN_DRAWINGS:
            self._drawn = now
            self._live.update(self._drawing(search_state, now - self._started), refresh=True)

    def _drawing(self, search_state: SearchState, elapsed: float) -> Group:
        standing = Standing(search_state, self._concurrency)
        value = f"val {search_state.objective.metric.short}"
        names = ("trial", "status", "epoch", value, "best", "parameters", "network")
        table = plain_table(names, left=("trial", "status", "network"))
        for record in self._rows(search_state):
            last = record.epochs[-1].metrics.get(record.objective.name) if record.epochs else None
            table.add_row(
                record.trial,
                record.status,
                epochs_text(record.last_epoch),
                f"{last:.4f}" if last is not None else "",
                f"{record.value:.4f}" if record.value is not None else "",
                "" if record.parameters is None else f"{record.parameters:,}",
                network_text(record.config),
                style=None if record.ended else "bold",
            )
        state = Table.grid()
        state.add_row(ProgressBar(total=max(1, standing.planned), completed=standing.ended, width=40))
        state.add_row(Text(f"{duration_text(elapsed)}: {standing.text()}"))
        return Group(table, "", state)

    @staticmethod
    def _rows(search_state: SearchState) -> list[TrialRecord]:
        """Those that run, then the best that have ended."""
        running = [record for record in search_state.trials.values() if record.status == "running"]
        ended = sorted((r for r in search_state.with_score() if r.ended), key=lambda r: (-(r.score or 0.0), r.size))
        return [*running[:_ROWS], *ended[:_ROWS]]


class PlainLines(Progress):
    """A line for every trial that ends."""

    def __init__(self, console: Console, concurrency: int) -> None:
        self._console = console
        self._concurrency = concurrency
        self._started = time.monotonic()
        self._told: set[str] | None = None

    def __enter__(self) -> "PlainLines":
        self._console.print("starting Ray and the workers ...")
        return self

    def show(self, search_state: SearchState) -> None:
        """Prints what ended since the last call; of a resumed search not what had ended before."""
        ended = {record.trial for record in search_state.trials.values() if record.ended}
        if self._told is None:
            self._told = ended if search_state.with_score() else set()
        for trial in sorted(ended - self._told):
            self._console.print(
                self._line(search_state.trials[trial], Standing(search_state, self._concurrency)), soft_wrap=True
            )
        self._told |= ended

    def _line(self, record: TrialRecord, standing: Standing) -> str:
        elapsed = duration_text(time.monotonic() - self._started)
        missing = record.error or f"no {record.objective.metric.title}"
        value = f"{record.value:.4f}" if record.value is not None else missing
        size = "" if record.parameters is None else f"{record.parameters:,} parameters, "
        return (
            f"{elapsed:>6}  trial {record.trial}{_on_fold(record)} {record.status} after "
            f"{counted(record.last_epoch, 'epoch')}: {value}, {size}{network_text(record.config)} | {standing.text()}"
        )


def _on_fold(record: TrialRecord) -> str:
    return "" if record.fold is None else f" on fold {record.fold}"


MARK = "\x1e"  # the record separator of JSON text sequences (RFC 7464)
PROGRESS = "FRONTIER_TUNER_PROGRESS"
"""Environment variable of a search: "events" where its progress is shown elsewhere."""
_OVER = "null"


class EventLines(Progress):
    """Prints what happens for a reader elsewhere."""

    def __init__(self, console: Console, concurrency: int) -> None:
        self._console = console
        self._concurrency = concurrency
        self._planned = -1
        self._told = 0
        self._running: set[str] = set()

    def __enter__(self) -> "EventLines":
        self._write(json.dumps(self._concurrency))
        return self

    def __exit__(self, *error: object) -> None:
        self._write(_OVER)

    def show(self, search_state: SearchState) -> None:
        """Prints what happened since the last call."""
        if search_state.planned != self._planned:
            self._planned = search_state.planned
            self._event(
                SearchStarted(
                    time=time.time(), trials=self._planned, objective=search_state.objective, folds=search_state.folds
                )
            )
        for event in search_state.history[self._told :]:
            self._event(event)
        self._told = len(search_state.history)
        running = {record.trial for record in search_state.trials.values() if record.status == "running"}
        for trial in sorted(running - self._running):
            self._event(TrialStarted(time=time.time(), trial=trial))
        self._running = running

    def _event(self, event: Event) -> None:
        self._write(event.model_dump_json())

    def _write(self, text: str) -> None:
        self._console.file.write(f"{MARK}{text}\n")
        self._console.file.flush()


class RemoteLog(AbstractContextManager["RemoteLog"]):
    """Shows what a job prints: its lines as they are, its events as this console shows a search."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rest = ""
        self._search_state = SearchState()
        self._shown: Progress | None = None
        self._open = ExitStack()

    def __exit__(self, *error: object) -> None:
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
            self._search_state = SearchState()
            self._shown = self._open.enter_context(progress(self._console, concurrency=int(content)))
        elif content == _OVER:
            self._open.close()
            self._shown = None
        else:
            self._search_state.apply(parse_event(content.encode()))
            if self._shown is not None:
                self._shown.show(self._search_state)

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)


def without_events(log: str) -> list[str]:
    """The lines of a log that are for people."""
    return [line for line in log.split("\n") if not line.startswith(MARK)]  # for splitlines, the mark ends a line
