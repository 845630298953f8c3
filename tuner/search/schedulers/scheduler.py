"""The interface of a scheduler."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Decision(Enum):
    """What a trial is told after a report."""

    CONTINUE = "continue"
    STOP = "stop"


@dataclass(frozen=True)
class Metrics:
    """What a scheduler may decide on.

    Attributes:
        val_accuracy: share of right answers on the validation part after the epoch, higher is better.
        parameters: the trial's parameter count, lower is better; the same in every report of a trial.
    """

    val_accuracy: float
    parameters: int


class Scheduler(Protocol):
    """Decides on reports, in the order in which they arrive. Knows no clock, no randomness and no Ray."""

    def report(self, trial: str, epoch: int, metrics: Metrics) -> Decision:
        """Takes in the report of a trial after ``epoch`` epochs (counted from 1) and says what it does next."""
        ...


class RunToTheEnd:
    """No early stopping."""

    def report(self, trial: str, epoch: int, metrics: Metrics) -> Decision:
        """Always goes on."""
        return Decision.CONTINUE
