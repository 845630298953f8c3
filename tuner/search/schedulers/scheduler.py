"""The interface of a scheduler, what it says of itself, and the one that stops nothing."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from search_spaces.space import Space
from tuner.errors import InputError
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings


class Decision(Enum):
    """What a trial is told after a report."""

    CONTINUE = "continue"
    STOP = "stop"
    PAUSE = "pause"
    """Give the place away and wait; the scheduler may call the trial back later."""


@dataclass(frozen=True)
class Metrics:
    """What a scheduler may decide on.

    Attributes:
        score: of the objective on the validation set after the epoch; higher is better.
        parameters: the trial's parameter count, lower is better; the same in every report of a trial.
    """

    score: float
    parameters: float


@dataclass(frozen=True)
class Continuation:
    """A paused trial that goes on.

    Attributes:
        trial: its id.
        source: the trial whose last state it copies, None where it goes on from its own.
        changes: hyperparameters that have another value from here on.
    """

    trial: str
    source: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


class Scheduler(ABC):
    """Decides on reports, in the order in which they arrive. Knows no clock, no Ray and no randomness but its seed's.

    A scheduler is rebuilt after an interruption by telling it again what happened, so all that it knows must follow from
    these calls. Those that most schedulers have no use for do nothing by default.
    """

    pauses = False
    """Whether ``report`` may answer PAUSE."""

    def add(self, trial: str) -> None:  # noqa: B027
        """A trial was proposed; called once for each, in the order of their indices, before its first report."""

    @abstractmethod
    def report(self, trial: str, epoch: int, metrics: Metrics) -> Decision:
        """Takes in the report of a trial after ``epoch`` epochs (counted from 1) and says what it does next.

        Where an epoch has several reports, each counts as an epoch here, and in the settings that a scheduler is built from.
        The report of the last epoch is not asked about: it ends the trial.
        """

    def ended(self, trial: str) -> None:  # noqa: B027
        """A trial will train no more: it is completed, was stopped, or broke."""

    def next_continuation(self, *, new_trials_left: bool) -> Continuation | None:
        """The paused trial that a free place is for, None where a new trial should have it or none may go on yet.

        Asked again before ``continued`` it answers the same.
        """
        return None

    def continued(self, trial: str) -> None:  # noqa: B027
        """A paused trial was given a place."""

    def drain_dropped(self) -> list[str]:
        """Paused trials of which it became certain, since the last call, that they will not go on."""
        return []


@dataclass(frozen=True)
class SchedulerSpec:
    """What is known of a scheduler before a search starts.

    Attributes:
        build: returns a fresh one; population based training finds the configurations of its sources in the search's state.
        expected_epochs: estimates the mean epochs of a trial, in reports as all that it is given.
        describe: says in a line what will be stopped when, in epochs.
        options: those of ``SchedulerOptions`` that it has.
        objective: what it keeps, which searchers that model an objective follow.
        fixes_trials: whether it lays a search out for its number of trials, so that no more can be added.
        copies_weights: whether a trial may go on with weights and hyperparameters of another.
        check: raises InputError where it cannot work on a space with so many trials.
    """

    build: Callable[[SearchSettings, SearchState], Scheduler]
    expected_epochs: Callable[[SearchSettings], float]
    describe: Callable[[SearchSettings], str]
    options: frozenset[str] = frozenset()
    objective: Literal["metric", "frontier"] = "metric"
    fixes_trials: bool = False
    copies_weights: bool = False
    check: Callable[[Space, int], None] = lambda *_: None


def resolved(option: float | None) -> int:
    """An option that was resolved when the search was prepared, and counted in reports since.

    Raises:
        InputError: where the file of a run lacks it.
    """
    if option is None:
        raise InputError("search.yaml: an option of the scheduler is missing; restore the file")
    return int(option)


def in_epochs(reports: float, settings: SearchSettings) -> float:
    """So many reports of a search, in epochs."""
    return reports / settings.reports_per_epoch


class RunToTheEnd(Scheduler):
    """No early stopping."""

    def report(self, trial: str, epoch: int, metrics: Metrics) -> Decision:
        """Always goes on."""
        return Decision.CONTINUE


SPECS = {
    "none": SchedulerSpec(
        lambda *_: RunToTheEnd(), lambda settings: float(settings.epochs), lambda _: "no early stopping"
    )
}
