"""Asynchronous successive halving, in its two variants and for any way to select (Li et al. 2020, arXiv 1810.05934).

With ``most_accurate`` it is ASHA, with ``nearest_the_frontier`` multi-objective ASHA.
"""

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from tuner.formatting import epochs_text
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings
from tuner.search.schedulers.scheduler import (
    Continuation,
    Decision,
    Metrics,
    Scheduler,
    SchedulerSpec,
    in_epochs,
    resolved,
)
from tuner.search.schedulers.selection import Selection, most_accurate, nearest_the_frontier


def rung_epochs(grace_period: int, reduction_factor: int, max_epochs: int) -> tuple[int, ...]:
    """The epochs at which trials are compared: grace period times powers of the reduction factor, below the last epoch."""
    levels = []
    level = grace_period
    while level < max_epochs:
        levels.append(level)
        level *= reduction_factor
    return tuple(levels)


def default_grace_period(max_epochs: int) -> int:
    """The square root of the epochs, rounded down: halfway, on a logarithmic scale, between the first epoch and the last.

    With few epochs (5 or 8) the first comparison is at the second, because after one epoch slow learners look like bad
    ones; with many (100) it is at the tenth and two more follow.
    """
    return max(1, math.isqrt(max_epochs))


def mean_epochs(rungs: Sequence[int], epochs: int, share: float) -> float:
    """Mean epochs of trials of which ``share`` goes on at every rung."""
    mean, going, done = 0.0, 1.0, 0
    for rung in rungs:
        mean += going * (rung - done)
        going, done = going * share, rung
    return mean + going * (epochs - done)


@dataclass
class Rung:
    """What the trials that came to an epoch had reached there: their best validation accuracy so far."""

    epoch: int
    points: dict[str, Metrics] = field(default_factory=dict)


class _Halving(Scheduler):
    """Records trials at the rungs. They are compared on their best accuracy so far: one bad epoch at a rung costs nothing."""

    def __init__(self, rungs: Sequence[int], reduction_factor: int, select: Selection) -> None:
        """Sets up the rungs.

        Args:
            rungs: ascending epochs of the comparisons, all below the last epoch; may be empty.
            reduction_factor: one in how many goes on, at least 2.
            select: which of the trials at a rung hold its places.

        Raises:
            ValueError: where an argument is out of its range.
        """
        if reduction_factor < 2:
            raise ValueError(f"the reduction factor must be at least 2; received {reduction_factor}")
        if any(epoch < 1 for epoch in rungs) or list(rungs) != sorted(set(rungs)):
            raise ValueError(f"rungs must be ascending epochs from 1; received {', '.join(map(str, rungs))}")
        self.rungs = tuple(Rung(epoch) for epoch in rungs)
        self._by_epoch = {rung.epoch: rung for rung in self.rungs}
        self._reduction_factor = reduction_factor
        self._select = select
        self._best: dict[str, float] = {}

    def report(self, trial: str, epoch: int, metrics: Metrics) -> Decision:
        """Compares the trial where ``epoch`` is a rung's; between rungs every trial goes on."""
        best = max(metrics.score, self._best.get(trial, -math.inf))
        self._best[trial] = best
        rung = self._by_epoch.get(epoch)
        if rung is None:
            return Decision.CONTINUE
        rung.points[trial] = Metrics(best, metrics.parameters)
        return self._at_rung(rung, trial)

    @abstractmethod
    def _at_rung(self, rung: Rung, trial: str) -> Decision:
        """What a trial does that was just recorded at a rung."""


class StoppingHalving(_Halving):
    """Stops a trial at a rung unless it holds one of ceil(n / reduction factor) places among the n that came there so far.

    The arriving trial is recorded before the cut is made: it counts among those it is compared with. No trial ever waits,
    and the first to come goes on.
    """

    def _at_rung(self, rung: Rung, trial: str) -> Decision:
        places = math.ceil(len(rung.points) / self._reduction_factor)
        return Decision.CONTINUE if trial in self._select(rung.points, places) else Decision.STOP


class PromotionHalving(_Halving):
    """Pauses every trial at a rung; a free place goes to a trial that holds one of floor(n / reduction factor) places there.

    Higher rungs come first, and among the trials of a rung the better one; where no trial can be promoted, a new one
    starts. Trials that are never promoted wait until the search is over. It wastes no epochs on early arrivals, at the
    price of states that are kept for every trial that waits.
    """

    pauses = True

    def __init__(self, rungs: Sequence[int], reduction_factor: int, select: Selection) -> None:
        super().__init__(rungs, reduction_factor, select)
        self._gone_on: dict[int, set[str]] = {epoch: set() for epoch in rungs}
        self._ended: set[str] = set()

    def _at_rung(self, rung: Rung, trial: str) -> Decision:
        return Decision.PAUSE

    def ended(self, trial: str) -> None:
        """Such a trial cannot be promoted."""
        self._ended.add(trial)

    def next_continuation(self, *, new_trials_left: bool) -> Continuation | None:
        """The best trial of the highest rung that can promote one."""
        for rung in reversed(self.rungs):
            gone_on = self._gone_on[rung.epoch]
            for trial in self._select(rung.points, len(rung.points) // self._reduction_factor):
                if trial not in gone_on and trial not in self._ended:
                    return Continuation(trial)
        return None

    def continued(self, trial: str) -> None:
        """The trial was promoted from the highest rung that it had come to."""
        highest = max(rung.epoch for rung in self.rungs if trial in rung.points)
        self._gone_on[highest].add(trial)


def _rungs(settings: SearchSettings) -> tuple[int, ...]:
    return tuple(map(int, settings.scheduler.rungs))


def _build(settings: SearchSettings, search_state: SearchState, *, select: Selection) -> Scheduler:
    halving = PromotionHalving if settings.scheduler.promotion else StoppingHalving
    return halving(_rungs(settings), resolved(settings.scheduler.reduction_factor), select)


def _expected_epochs(settings: SearchSettings) -> float:
    scheduler = settings.scheduler
    # The stopping variant lets more pass than one in eta: early arrivals have little to be compared with.
    extra = 0.0 if scheduler.promotion else 2 / settings.trials
    return mean_epochs(_rungs(settings), settings.epochs, min(1.0, 1 / resolved(scheduler.reduction_factor) + extra))


def _describe(settings: SearchSettings, *, who: str) -> str:
    scheduler = settings.scheduler
    if not scheduler.rungs:
        return f"{scheduler.name}: too few epochs to stop any early"
    rungs = ", ".join(epochs_text(in_epochs(rung, settings)) for rung in _rungs(settings))
    at = f"epoch{'s' * (len(scheduler.rungs) > 1)} {rungs}"
    chosen = who.format(scheduler.reduction_factor)
    return f"{scheduler.name}: {chosen} {'are promoted' if scheduler.promotion else 'go on'} at {at}"


_OPTIONS = frozenset({"grace_period", "reduction_factor", "rungs", "promotion"})

SPECS = {
    "asha": SchedulerSpec(
        partial(_build, select=most_accurate), _expected_epochs, partial(_describe, who="the best 1 in {}"), _OPTIONS
    ),
    "frontier": SchedulerSpec(
        partial(_build, select=nearest_the_frontier),
        _expected_epochs,
        partial(_describe, who="the 1 in {} nearest the frontier"),
        _OPTIONS,
        objective="frontier",
    ),
}
