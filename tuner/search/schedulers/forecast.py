"""Early stopping of what is forecast to miss the frontier of the score against parameters."""

import math

from tuner.formatting import epochs_text
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings
from tuner.search.schedulers.scheduler import Decision, Metrics, Scheduler, SchedulerSpec, in_epochs, resolved

_HEADROOM = 0.05
_MEAN_SHARE = 0.8
"""Of the epochs after the grace period, those that a trial has in the replay of recorded curves (``bench_portfolio.py``, 12,
24 and 40 trials of nine data sets, one seed: 0.58 to 0.94)."""


class ForecastStopping(Scheduler):
    """Stops a trial whose score would miss the frontier even if it rose fast.

    The frontier at a trial's size is the best score so far of another trial with at most as many parameters. The forecast for
    the last epoch is that the distance between the trial's best score and a ceiling closes in proportion to the epochs that
    are left: of the recorded curves of nine data sets (``tests/benchmarks/recorded``) nine in ten end below it. The ceiling
    is above the best score of all trials, which may rise too, by 5 % of the range of their scores, or of what lies between
    the constant answer and a perfect score where that is more: early, and on noisy data, scores hardly differ. A trial on the
    frontier always goes on: no larger trial is a reason to stop a small one.
    """

    def __init__(self, grace_period: int, epochs: int, baseline_gap: float | None = None) -> None:
        """Sets up a search without trials.

        Args:
            grace_period: epochs before the first forecast, at least 1.
            epochs: of a whole trial.
            baseline_gap: what lies between the constant answer and a perfect score, None where that is not known.

        Raises:
            ValueError: where the grace period is less than 1.
        """
        if grace_period < 1:
            raise ValueError(f"the grace period must be at least 1; received {grace_period}")
        self._grace_period = grace_period
        self._epochs = epochs
        self._baseline_gap = baseline_gap or 0.0
        self._best: dict[str, Metrics] = {}

    def report(self, trial: str, epoch: int, metrics: Metrics) -> Decision:
        """Forecasts the trial's last epoch at every epoch from the grace period on."""
        best = max(metrics.score, self._best.get(trial, metrics).score)
        self._best[trial] = Metrics(best, metrics.parameters)
        if epoch < self._grace_period:
            return Decision.CONTINUE
        smaller = (
            known.score
            for other, known in self._best.items()
            if other != trial and known.parameters <= metrics.parameters
        )
        frontier = max(smaller, default=-math.inf)
        scores = [known.score for known in self._best.values()]
        ceiling = max(scores) + _HEADROOM * max(max(scores) - min(scores), self._baseline_gap)
        forecast = best + (1 - epoch / self._epochs) * (ceiling - best)
        return Decision.CONTINUE if max(best, forecast) >= frontier else Decision.STOP


def _build(settings: SearchSettings, _: SearchState) -> Scheduler:
    grace = resolved(settings.scheduler.grace_period)
    return ForecastStopping(grace, settings.epochs, settings.pursued.baseline_gap)


def _expected_epochs(settings: SearchSettings) -> float:
    grace = resolved(settings.scheduler.grace_period)
    return grace + _MEAN_SHARE * (settings.epochs - grace)


def _describe(settings: SearchSettings) -> str:
    first = epochs_text(in_epochs(resolved(settings.scheduler.grace_period), settings))
    return f"forecast: from epoch {first} on, those forecast to miss the frontier are stopped"


SPECS = {
    "forecast": SchedulerSpec(
        _build, _expected_epochs, _describe, options=frozenset({"grace_period"}), objective="frontier"
    )
}
