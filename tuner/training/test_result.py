"""What a repeat of a confirmation reports. Imports nothing heavy: the driver, which unpacks reports, has no TensorFlow."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tuner.data.encoded import EncodedDataset
from tuner.measures import Predictions
from tuner.metrics import Scorer
from tuner.runs.predictions import SplitPredictions
from tuner.thresholds import Thresholds, thresholds_of
from tuner.training.report import EpochReport


@dataclass(frozen=True, eq=False)
class SplitResult:
    """A model on one split of the data.

    Attributes:
        loss: mean cross-entropy in nats.
        metrics: by name.
        predictions: text by text.
    """

    loss: float
    metrics: dict[str, float]
    predictions: SplitPredictions


@dataclass(frozen=True, eq=False)
class TestResult:
    """A model on both parts that it was not trained on.

    Attributes:
        thresholds: chosen on the validation texts for the objective; None where it takes none. Metrics and predictions of both
            parts follow them where they are used.
    """

    thresholds: Thresholds | None
    validation: SplitResult
    test: SplitResult

    @property
    def offsets(self) -> tuple[float, ...] | None:
        """What the predictions follow, None where they are the most probable classes."""
        return self.thresholds.offsets if self.thresholds is not None and self.thresholds.are_used else None


@dataclass(frozen=True, eq=False)
class RepeatReport:
    """What a repeat hands over after an epoch.

    Attributes:
        epoch: the numbers.
        seconds: of all epochs so far.
        over: whether this was its last epoch.
        best_epoch: the one whose weights are evaluated.
        test_result: after the last epoch; None before, and where no epoch had a validation accuracy.
    """

    epoch: EpochReport
    seconds: float
    over: bool
    best_epoch: int | float
    test_result: TestResult | None


def evaluate(
    logits_of: Callable[[EncodedDataset], NDArray[np.float32]],
    validation: EncodedDataset,
    test: EncodedDataset,
    scorer: Scorer,
) -> TestResult:
    """Evaluates a model.

    Args:
        logits_of: its outputs on a part, ``[texts, 1]``, of which a sigmoid tells two classes apart, or ``[texts, classes]``.
        validation: chooses the thresholds.
        test: is looked at once.
        scorer: measures both; its objective says what thresholds are for.
    """
    known = scorer.predictions(logits_of(validation), validation.labels)
    thresholds = thresholds_of(known, scorer.objective)
    found = scorer.predictions(logits_of(test), test.labels)
    if thresholds is not None:
        known, found = thresholds.applied(known), thresholds.applied(found)
    return TestResult(thresholds, _split_result(known, scorer), _split_result(found, scorer))


def _split_result(found: Predictions, scorer: Scorer) -> SplitResult:
    chosen = found.log_probabilities[np.arange(len(found.labels)), found.predicted]
    every = None if len(found.label_names) == 2 else np.exp(found.log_probabilities).astype(np.float16)
    predictions = SplitPredictions(found.predicted.astype(np.int16), np.exp(chosen).astype(np.float32), every)
    return SplitResult(found.loss, scorer.measured(found), predictions)
