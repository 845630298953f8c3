"""Asynchronous successive halving, the stopping variant (Li et al. 2020, arXiv 1810.05934, section 3)."""

import math
from dataclasses import dataclass, field

from tuner.search.schedulers.scheduler import Decision, Metrics


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


@dataclass
class Rung:
    """The results of the trials that reached an epoch."""

    epoch: int
    accuracies: dict[str, float] = field(default_factory=dict)

    def keeps(self, trial: str, reduction_factor: int) -> bool:
        """Whether a recorded trial is among the best ceil(n / reduction factor) of the n recorded so far.

        Equals share a place, so a tie never depends on the order of arrival.
        """
        accuracy = self.accuracies[trial]
        better = sum(other > accuracy for other in self.accuracies.values())
        return better < math.ceil(len(self.accuracies) / reduction_factor)


class Asha:
    """Stops a trial at a rung unless it is among the best 1/reduction_factor of those that came there before it.

    Trials are compared on their best validation accuracy so far, so that one bad epoch at a rung costs nothing. The
    arriving result is recorded before the cut is made: it counts among those it is compared with.
    """

    def __init__(self, *, max_epochs: int, grace_period: int | None = None, reduction_factor: int = 3) -> None:
        """Sets up the rungs.

        Args:
            max_epochs: epochs after which a trial is complete; no rung lies there.
            grace_period: epochs before the first comparison, 1 to ``max_epochs``; their square root by default.
            reduction_factor: one in how many goes on, at least 2.

        Raises:
            ValueError: where an argument is out of its range.
        """
        grace = default_grace_period(max_epochs) if grace_period is None else grace_period
        if reduction_factor < 2:
            raise ValueError(f"the reduction factor must be at least 2; received {reduction_factor}")
        if not 1 <= grace <= max_epochs:
            raise ValueError(f"the grace period must be between 1 and the epochs ({max_epochs}); received {grace}")
        self._reduction_factor = reduction_factor
        self.rungs = tuple(Rung(epoch) for epoch in rung_epochs(grace, reduction_factor, max_epochs))
        self._best: dict[str, float] = {}

    def report(self, trial: str, epoch: int, metrics: Metrics) -> Decision:
        """Compares the trial where ``epoch`` is a rung's; between rungs every trial goes on."""
        best = max(metrics.val_accuracy, self._best.get(trial, -math.inf))
        self._best[trial] = best
        for rung in self.rungs:
            if rung.epoch == epoch:
                rung.accuracies[trial] = best
                return Decision.CONTINUE if rung.keeps(trial, self._reduction_factor) else Decision.STOP
        return Decision.CONTINUE
