"""What a trial reports after every epoch. Imports nothing heavy: the driver, which unpacks reports, has no TensorFlow."""

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
    """One epoch of one trial.

    Attributes:
        epoch: counted from 1.
        train_loss: mean cross-entropy over the epoch's training texts in nats, dropout on, as it was while training.
        train_accuracy: share of right answers, likewise.
        val_loss: mean cross-entropy over the validation texts after the epoch.
        metrics: of the validation texts after the epoch, by name; none where the training loss is no number.
        seconds: wall time of the epoch, evaluation and compilation included.
        compile_seconds: the part of it that went into first calls of programs.
        trace_seconds: the part of that in which TensorFlow made graphs of them, as far as it is known apart; of custom models
            it is not.
        tokens_per_second: training tokens, padding not counted, by the seconds spent training them.
        counted: the parameters of a model that nobody could count before it was built, None of others.
    """

    epoch: int
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
    """What a trial hands over after an epoch.

    Attributes:
        epoch: the numbers.
        last: weights and optimizer after this epoch, as a NumPy archive.
        best: weights as a NumPy archive where this is the best epoch so far, else None.
        predictions: of the validation texts, where this is the best epoch so far.
    """

    epoch: EpochReport
    last: bytes
    best: bytes | None
    predictions: bytes | None = None
