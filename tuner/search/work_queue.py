"""Trainings that wait in line for workers: what a confirmation and a distillation have in common. Knows no Ray.

Both are controllers, as that of a search is, that train what their journal does not hold yet, each once and from its beginning.
"""

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from tuner.runs.events import RepeatEnded, StudentEnded
from tuner.runs.store import RunStore
from tuner.search.controller import LOSSES_THAT_FAIL, Assignment
from tuner.search.schedulers.scheduler import Decision

Item = TypeVar("Item")
End = TypeVar("End", RepeatEnded, StudentEnded)


class QueueController(ABC, Generic[Item, End]):
    """A line of trainings in progress.

    Attributes:
        planned: how many there were to be done at the beginning.
        ended: the events of those that have ended since.
    """

    def __init__(self, waiting: Iterable[Item], store: RunStore, clock: Callable[[], float] = time.time) -> None:
        """Takes what is to be done, first to last, and the store that hears of it."""
        self._waiting = list(waiting)
        self._store = store
        self._clock = clock
        self._at_work: dict[str, Item] = {}
        self._losses: Counter[str] = Counter()
        self.planned = len(self._waiting)
        self.ended: list[End] = []

    @abstractmethod
    def start(self) -> None:
        """Records what is to be known before anything is trained."""

    @abstractmethod
    def on_report(self, name: str, report: Any) -> Decision:
        """Takes in an epoch of a training; after the last one its results are kept."""

    @abstractmethod
    def _assignment(self, item: Item) -> Assignment:
        """What a worker is to do."""

    @abstractmethod
    def _failed(self, item: Item, error: str) -> End:
        """The event of a training that broke."""

    @property
    def is_exhausted(self) -> bool:
        """Whether ``next_trial`` has nothing more to give; what is trained may lose its worker."""
        return not (self._waiting or self._at_work)

    def next_trial(self) -> Assignment | None:
        """The next training, None where there is none now."""
        if not self._waiting:
            return None
        item = self._waiting.pop(0)
        assignment = self._assignment(item)
        self._at_work[assignment.trial] = item
        return assignment

    def on_start(self, name: str) -> None:
        """Nothing: the journal has no line for it."""

    def on_failure(self, name: str, error: str) -> None:
        """Records a training that broke; the others go on, and the same command tries it again."""
        if name in self._at_work:  # else its worker broke after the last report
            self._record(name, self._failed(self._at_work[name], error))

    def on_worker_lost(self, name: str, reason: str) -> None:
        """Puts a training whose worker went away back in line, to begin anew. The third loss fails it."""
        if name not in self._at_work:
            return
        self._losses[name] += 1
        if self._losses[name] >= LOSSES_THAT_FAIL:
            self.on_failure(name, f"{reason}; {LOSSES_THAT_FAIL} times")
            return
        self._waiting.append(self._at_work.pop(name))

    def _record(self, name: str, end: End) -> None:
        """Writes down how a training ended."""
        self._at_work.pop(name, None)
        self._store.record(end)
        self.ended.append(end)
