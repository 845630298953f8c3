"""What a trial reports. Imports nothing heavy: the driver, which unpacks reports, has no TensorFlow."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class OwnCount:
    """Parameters of a custom model: all of them, and those in its ``Embedding`` layers."""

    total: int
    embedding: int


@dataclass(frozen=True)
class EpochReport:
    """One epoch of one trial, or a part of one.

    Attributes:
        epoch: epochs that have been trained, a fraction where the last is not complete.
        train_loss: mean cross-entropy over the training texts of the (part of the) epoch in nats, dropout on, as it was while
            training.
        train_accuracy: share of right answers, likewise.
        val_loss: mean cross-entropy over the validation texts after it.
        metrics: of the validation texts after it, by name; none where the training loss is no number.
        seconds: wall time, evaluation and compilation included.
        compile_seconds: the part of it that went into first calls of programs.
        trace_seconds: the part of that in which TensorFlow made graphs of them, as far as it is known apart; of custom models
            it is not.
        tokens_per_second: training tokens, padding not counted, by the seconds spent training them.
        counted: the parameters of a model that nobody could count before it was built, None of others.
    """

    epoch: int | float
    train_loss: float
    train_accuracy: float
    val_loss: float
    metrics: Mapping[str, float]
    seconds: float
    compile_seconds: float
    tokens_per_second: float
    trace_seconds: float = 0.0
    counted: OwnCount | None = None

    @property
    def diverged(self) -> bool:
        """Whether a loss is no finite number: the trial cannot recover from that."""
        return not (math.isfinite(self.train_loss) and math.isfinite(self.val_loss))


@dataclass(frozen=True)
class TrialReport:
    """What a trial hands over after an epoch or a part of one.

    Attributes:
        epoch: the numbers.
        last: weights and optimizer now, as a NumPy archive.
        best: weights as a NumPy archive where no report so far was better, else None.
        predictions: of the validation texts, where no report so far was better.
    """

    epoch: EpochReport
    last: bytes
    best: bytes | None
    predictions: bytes | None = None
