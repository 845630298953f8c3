"""What a repeat of a confirmation reports. Imports nothing heavy: the driver, which unpacks reports, has no TensorFlow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tuner.metrics import Scorer
from tuner.runs.predictions import PartAnswers
from tuner.training.report import EpochReport


@dataclass(frozen=True, eq=False)
class PartResult:
    """A model on one part of the data.

    Attributes:
        loss: mean cross-entropy in nats.
        metrics: by name.
        answers: text by text.
    """

    loss: float
    metrics: dict[str, float]
    answers: PartAnswers


@dataclass(frozen=True, eq=False)
class TestResult:
    """A model with the weights of its best validation epoch, on both parts that it was not trained on."""

    best_epoch: int
    validation: PartResult
    test: PartResult


@dataclass(frozen=True, eq=False)
class RepeatReport:
    """What a repeat hands over after an epoch.

    Attributes:
        epoch: the numbers.
        seconds: of all epochs so far.
        over: whether this was its last epoch.
        test_result: after the last epoch; None before, and where no epoch had a validation accuracy.
    """

    epoch: EpochReport
    seconds: float
    over: bool
    test_result: TestResult | None


def part_result(logits: NDArray[np.float32], labels: NDArray[np.int32], scorer: Scorer) -> PartResult:
    """The result of a model's outputs on a part.

    Args:
        logits: ``[texts, 1]``, of which a sigmoid tells two classes apart, or ``[texts, classes]``.
        labels: ``[texts]``, class indices.
        scorer: measures them.
    """
    found = scorer.predictions(logits, labels)
    confidences = np.exp(found.log_probabilities.max(axis=1)).astype(np.float32)
    return PartResult(found.loss, scorer.measured(found), PartAnswers(found.predicted.astype(np.int16), confidences))
