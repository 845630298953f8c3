"""Hyperband: successive halving at several trade-offs between trials and epochs (Li et al. 2018, JMLR 18(185))."""

import math
from dataclasses import dataclass, field

from tuner.formatting import epochs_text
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings
from tuner.search.schedulers.halving import mean_epochs
from tuner.search.schedulers.scheduler import (
    Continuation,
    Decision,
    Metrics,
    Scheduler,
    SchedulerSpec,
    in_epochs,
    resolved,
)


@dataclass(frozen=True)
class BracketPlan:
    """One bracket before it starts.

    Attributes:
        trials: how many start in it.
        rungs: ascending epochs at which all of them are compared; empty in the bracket that trains to the end.
    """

    trials: int
    rungs: tuple[int, ...]


def brackets(max_epochs: int, reduction_factor: int) -> tuple[BracketPlan, ...]:
    """One round of brackets, the one of most trials and fewest first epochs first.

    With R epochs and reduction factor eta, s_max = floor(log_eta R); bracket s = s_max, ..., 0 starts
    ceil((s_max + 1) / (s + 1) * eta^s) trials and compares them at R * eta^(i - s) epochs, i = 0, ..., s - 1, rounded.
    """
    deepest = 0
    while reduction_factor ** (deepest + 1) <= max_epochs:
        deepest += 1
    plans = []
    for s in range(deepest, -1, -1):
        trials = math.ceil((deepest + 1) / (s + 1) * reduction_factor**s)
        rungs = tuple(max(1, round(max_epochs * reduction_factor ** (i - s))) for i in range(s))
        plans.append(BracketPlan(trials, rungs))
    return tuple(plans)


@dataclass
class _Bracket:
    rungs: tuple[int, ...]
    size: int
    """Trials that start in it: fewer than planned in the last bracket of a search."""
    added: int = 0
    passed: int = 0
    """Rungs that are behind it."""
    competing: set[str] = field(default_factory=set)
    """Trials that have come to the next rung or will."""
    arrived: set[str] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        """Whether all that compete at the next rung are there."""
        return self.passed < len(self.rungs) and self.added == self.size and self.competing == self.arrived


class Hyperband(Scheduler):
    """Fills bracket after bracket with new trials. In each, all trials pause at a rung until the last of them has come;
    then the best 1/reduction_factor, at least one, go on and the others are dropped.

    Free places go to trials that may go on, else to the next bracket, so waiting costs nothing before the search's end.
    """

    pauses = True

    def __init__(self, *, trials: int, max_epochs: int, reduction_factor: int = 3) -> None:
        """Prepares to lay brackets out, round after round, until they hold all trials.

        Args:
            trials: trials of the search; the last bracket takes what is left.
            max_epochs: epochs after which a trial is complete.
            reduction_factor: one in how many goes on, at least 2.

        Raises:
            ValueError: where the reduction factor is below 2.
        """
        if reduction_factor < 2:
            raise ValueError(f"the reduction factor must be at least 2; received {reduction_factor}")
        self._factor = reduction_factor
        self._round = brackets(max_epochs, reduction_factor)
        self._left = trials
        self._brackets: list[_Bracket] = []
        self._bracket_of: dict[str, _Bracket] = {}
        self._best: dict[str, float] = {}
        self._ready: list[str] = []
        self._dropped: list[str] = []

    def add(self, trial: str) -> None:
        """Gives the trial to the bracket that is being filled."""
        if not self._brackets or self._brackets[-1].added == self._brackets[-1].size:
            plan = self._round[len(self._brackets) % len(self._round)]
            self._brackets.append(_Bracket(plan.rungs, min(plan.trials, self._left)))
            self._left -= self._brackets[-1].size
        bracket = self._brackets[-1]
        bracket.added += 1
        bracket.competing.add(trial)
        self._bracket_of[trial] = bracket

    def report(self, trial: str, epoch: int, metrics: Metrics) -> Decision:
        """Pauses the trial at its bracket's rungs. They are compared on their best accuracy so far."""
        self._best[trial] = max(metrics.score, self._best.get(trial, -math.inf))
        bracket = self._bracket_of[trial]
        if epoch not in bracket.rungs:
            return Decision.CONTINUE
        bracket.arrived.add(trial)
        self._settle(bracket)
        return Decision.PAUSE

    def ended(self, trial: str) -> None:
        """Nobody waits for such a trial any more."""
        bracket = self._bracket_of[trial]
        if trial in bracket.competing:
            bracket.competing.discard(trial)
            bracket.arrived.discard(trial)
            self._settle(bracket)

    def _settle(self, bracket: _Bracket) -> None:
        if not bracket.is_complete or not bracket.competing:
            return
        # The ids settle what accuracies do not: they order trials by their indices.
        ranked = sorted(bracket.competing, key=lambda trial: (-self._best[trial], trial))
        places = max(1, len(ranked) // self._factor)
        self._ready += ranked[:places]
        self._dropped += ranked[places:]
        bracket.passed += 1
        bracket.competing, bracket.arrived = set(ranked[:places]), set()

    def next_continuation(self, *, new_trials_left: bool) -> Continuation | None:
        """The trial that has waited longest for a place that it won."""
        return Continuation(self._ready[0]) if self._ready else None

    def continued(self, trial: str) -> None:
        """The trial has its place."""
        self._ready.remove(trial)

    def drain_dropped(self) -> list[str]:
        """Those that lost at a rung."""
        dropped, self._dropped = self._dropped, []
        return dropped


def _build(settings: SearchSettings, search_state: SearchState) -> Hyperband:
    factor = resolved(settings.scheduler.reduction_factor)
    return Hyperband(trials=settings.trials, max_epochs=settings.epochs, reduction_factor=factor)


def _expected_epochs(settings: SearchSettings) -> float:
    factor = resolved(settings.scheduler.reduction_factor)
    plans = brackets(settings.epochs, factor)
    shares = [plan.trials * mean_epochs(plan.rungs, settings.epochs, 1 / factor) for plan in plans]
    return sum(shares) / sum(plan.trials for plan in plans)


def _describe(settings: SearchSettings) -> str:
    factor = resolved(settings.scheduler.reduction_factor)
    rungs = {
        plan: "/".join(epochs_text(in_epochs(rung, settings)) for rung in plan.rungs)
        for plan in brackets(settings.epochs, factor)
    }
    plans = ", ".join(f"{plan.trials} at {epochs or 'the end'}" for plan, epochs in rungs.items())
    return f"hyperband: the best 1 in {factor} of a bracket go on; brackets of {plans}"


SPECS = {
    "hyperband": SchedulerSpec(
        _build, _expected_epochs, _describe, options=frozenset({"reduction_factor"}), fixes_trials=True
    )
}
