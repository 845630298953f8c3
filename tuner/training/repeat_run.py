"""A model trained once more from another seed, and evaluated once when it is done."""

import math
from typing import TYPE_CHECKING

from tuner.data.encoded import EncodedDataset
from tuner.training.test_result import RepeatReport, TestResult, part_result

if TYPE_CHECKING:
    from tuner.training.custom_run import HyperModelRun
    from tuner.training.trial_run import TrialRun
    from tuner.training.worker_context import WorkerContext


class RepeatRun:
    """One repeat in progress. The test texts are looked at once, after the last epoch, with the weights of the best one."""

    def __init__(
        self,
        trial: "TrialRun | HyperModelRun",
        worker_context: "WorkerContext",
        test: EncodedDataset,
        *,
        patience: int | None = None,
    ) -> None:
        """Takes a fresh trial of ``worker_context``, the test texts, and the search's patience."""
        self._trial = trial
        self._worker_context = worker_context
        self._test = test
        self._patience = math.inf if patience is None else patience
        self._best: tuple[int, bytes] | None = None
        self._seconds = 0.0

    def run_epoch(self) -> RepeatReport:
        """Trains one epoch; after the last one (the most epochs, no more patience, a loss that is no number) judges."""
        report = self._trial.run_epoch()
        self._seconds += report.epoch.seconds
        if report.best is not None:
            self._best = report.epoch.epoch, report.best
        without_gain = report.epoch.epoch - (self._best[0] if self._best else 0)
        is_last = report.epoch.epoch >= self._worker_context.epochs or without_gain >= self._patience
        over = report.epoch.diverged or is_last
        return RepeatReport(report.epoch, self._seconds, over, self._judge() if over else None)

    def _judge(self) -> TestResult | None:
        if self._best is None:
            return None
        epoch, weights = self._best
        validation, test = (
            part_result(self._trial.logits(weights, part), part.labels)
            for part in (self._worker_context.data.validation, self._test)
        )
        return TestResult(epoch, validation, test)
