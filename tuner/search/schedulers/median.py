"""The median stopping rule (Golovin et al. 2017, Google Vizier, doi:10.1145/3097983.3098043, section 3.2.2)."""

import math
from statistics import fmean, median

from tuner.formatting import epochs_text
from tuner.runs.settings import SearchSettings
from tuner.search.schedulers.scheduler import Decision, Metrics, Scheduler, SchedulerSpec, in_epochs, resolved

_FEWEST_OTHERS = 3


class MedianStopping(Scheduler):
    """Stops a trial whose best accuracy so far is below the median of the other trials' mean accuracies up to this epoch.

    All trials that came as far count, whether they still run or not. With fewer than three of them no trial is stopped.
    """

    def __init__(self, grace_period: int) -> None:
        """Takes the epochs before the first comparison.

        Raises:
            ValueError: where they are fewer than 1.
        """
        if grace_period < 1:
            raise ValueError(f"the grace period must be at least 1; received {grace_period}")
        self._grace_period = grace_period
        self._curves: dict[str, dict[int, float]] = {}

    def report(self, trial: str, epoch: int, metrics: Metrics) -> Decision:
        """Compares the trial at every epoch from the grace period on."""
        self._curves.setdefault(trial, {})[epoch] = metrics.score
        if epoch < self._grace_period:
            return Decision.CONTINUE
        means = [
            fmean(accuracy for reached, accuracy in curve.items() if reached <= epoch)
            for other, curve in self._curves.items()
            if other != trial and epoch in curve
        ]
        best = max(self._curves[trial].values(), default=-math.inf)
        return Decision.STOP if len(means) >= _FEWEST_OTHERS and best < median(means) else Decision.CONTINUE


def _expected_epochs(settings: SearchSettings) -> float:
    """Half of the trials are below the median once they are compared."""
    return settings.epochs - (settings.epochs - resolved(settings.scheduler.grace_period)) / 2


def _describe(settings: SearchSettings) -> str:
    first = epochs_text(in_epochs(resolved(settings.scheduler.grace_period), settings))
    return f"median: from epoch {first} on, those below the median of the others are stopped"


SPECS = {
    "median": SchedulerSpec(
        lambda settings, _: MedianStopping(resolved(settings.scheduler.grace_period)),
        _expected_epochs,
        _describe,
        options=frozenset({"grace_period"}),
    )
}
