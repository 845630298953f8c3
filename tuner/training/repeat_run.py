"""A model trained once more from another seed, and evaluated once when it is done."""

from typing import TYPE_CHECKING

from tuner.data.encoded import EncodedDataset
from tuner.metrics import Scorer
from tuner.training.run import Run
from tuner.training.test_result import RepeatReport, TestResult, evaluate

if TYPE_CHECKING:
    from tuner.training.worker_context import WorkerContext


class RepeatRun:
    """One repeat in progress. The test texts are looked at once, after the last epoch, with the weights of the best one."""

    def __init__(
        self,
        trial: Run,
        worker_context: "WorkerContext",
        test: EncodedDataset,
        scorer: Scorer,
        *,
        patience: int | None = None,
    ) -> None:
        """Takes a fresh trial of ``worker_context``, the test texts, what measures them, and the search's patience."""
        self._trial = trial
        self._worker_context = worker_context
        self._test = test
        self._scorer = scorer
        self._patience = patience
        self._best_weights: bytes | None = None
        self._seconds = 0.0

    def run_to_report(self) -> RepeatReport:
        """Trains an epoch or part of one; after the last (all epochs, no more patience, a loss that is no number) evaluates."""
        report = self._trial.run_to_report()
        self._seconds += report.epoch.seconds
        if report.best is not None:
            self._best_weights = report.best
        epoch = report.epoch.epoch
        is_last = epoch >= self._worker_context.epochs or self._trial.best.is_out_of_patience(epoch, self._patience)
        over = report.epoch.diverged or is_last
        result = self._judge() if over else None
        return RepeatReport(report.epoch, self._seconds, over, self._trial.best.epoch, result)

    def _judge(self) -> TestResult | None:
        weights = self._best_weights
        if weights is None:
            return None
        return evaluate(
            lambda part: self._trial.logits(weights, part),
            self._worker_context.data.validation,
            self._test,
            self._scorer,
        )
