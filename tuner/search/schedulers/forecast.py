"""Early stopping of what is forecast to miss the frontier of the score against parameters."""

import math

from tuner.search.schedulers.scheduler import Decision, Metrics, Scheduler, SchedulerSpec, resolved

_HEADROOM = 0.05
_DECAY = 1.5
_MEAN_SHARE = 0.5
"""Of the epochs after the grace period, those that a trial has in the replay of recorded curves (``bench_portfolio.py``)."""


class ForecastStopping(Scheduler):
    """Stops a trial whose score would miss the frontier even if it rose fast.

    The frontier at a trial's size is the best score so far of another trial with at most as many parameters. After a share
    ``s`` of its epochs the forecast closes ``(1 - s) ** 1.5`` of the distance between the trial's best score and a ceiling;
    of the recorded curves of nine data sets (``tests/benchmarks/recorded``) some nine in ten rise less than
    ``(1 - s) ** 1``, and four in five less than this. The ceiling lies above the best score of all trials by 5 % of the range
    from the worst to the best, because the best may still rise itself. A trial on the frontier always goes on, and with it
    what is small: no larger trial is a reason to stop it.
    """

    def __init__(self, grace_period: int, epochs: int) -> None:
        """Takes the epochs before the first forecast, at least 1, and those of a whole trial.

        Raises:
            ValueError: where the grace period is less than 1.
        """
        if grace_period < 1:
            raise ValueError(f"the grace period must be at least 1; received {grace_period}")
        self._grace_period = grace_period
        self._epochs = epochs
        self._best: dict[str, Metrics] = {}

    def report(self, trial: str, epoch: int, metrics: Metrics) -> Decision:
        """Forecasts the trial's last epoch at every epoch from the grace period on."""
        before = self._best.get(trial, metrics)
        best = max(metrics.score, before.score)
        self._best[trial] = Metrics(best, metrics.parameters)
        if epoch < self._grace_period:
            return Decision.CONTINUE
        frontier = max(
            (
                known.score
                for other, known in self._best.items()
                if other != trial and known.parameters <= metrics.parameters
            ),
            default=-math.inf,
        )
        scores = [known.score for known in self._best.values()]
        ceiling = max(scores) + _HEADROOM * (max(scores) - min(scores))
        forecast = best + (1 - epoch / self._epochs) ** _DECAY * (ceiling - best)
        return Decision.CONTINUE if max(best, forecast) >= frontier else Decision.STOP


SPECS = {
    "forecast": SchedulerSpec(
        lambda settings, _: ForecastStopping(resolved(settings.scheduler.grace_period), settings.epochs),
        lambda settings: (grace := resolved(settings.scheduler.grace_period)) + _MEAN_SHARE * (settings.epochs - grace),
        lambda settings: (
            f"forecast: from epoch {settings.scheduler.grace_period} on, those forecast to miss the frontier are stopped"
        ),
        options=frozenset({"grace_period"}),
        objective="frontier",
    )
}
