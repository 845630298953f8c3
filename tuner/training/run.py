"""The loop of epochs and reports that all trainings share. Imports nothing heavy."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tuner.data.encoded import EncodedDataset
from tuner.measures import Predictions
from tuner.metrics import Scorer
from tuner.runs.best_epoch import BestEpoch, epochs_after
from tuner.runs.predictions import pack_validation
from tuner.training.report import EpochReport, OwnCount, TrialReport


class Run(ABC):
    """One training in progress.

    It is a function of its seed: initial weights, order of the texts and dropout follow from it and from the number of the
    epoch, so a training that goes on from a saved state gives the numbers that it would have given without a break. Where an
    epoch has several reports, it is the same epoch, cut: after its last part the weights of a built-in network are those of an
    uncut one. (What a custom model draws from global seeds is seeded anew for every report.)

    Attributes:
        best: the best of all its epochs so far, those before a break included.
    """

    def __init__(self, seed: tuple[int, ...], scorer: Scorer, reports_per_epoch: int = 1) -> None:
        """Starts before the first epoch.

        Args:
            seed: search seed and trial index, and the number of a repeat (from 1) where it is one; non-negative.
            scorer: measures predictions, and knows what the search pursues.
            reports_per_epoch: parts of an epoch after each of which it evaluates and reports.
        """
        self._scorer = scorer
        self._weights_seed, self._epoch_seed, self._order_seed = (
            int(number) for number in np.random.SeedSequence(seed).generate_state(3, np.uint32)
        )
        self._reports, self.best = 0, BestEpoch()
        self._reports_per_epoch = reports_per_epoch
        self._counted: OwnCount | None = None

    def _resume(self, reports: int, scores: Sequence[float | None]) -> None:
        """Goes on after so many reports of this trial or another, given the scores of the objective that this one reported."""
        self._reports = reports
        for number, score in enumerate(scores[:reports], start=1):
            self.best = self.best.after(epochs_after(number, self._reports_per_epoch), score)

    def run_to_report(self) -> TrialReport:
        """Trains the next part of an epoch, which is all of it where an epoch has one report, evaluates, and reports."""
        self._reports += 1
        started, compiled_before, traced_before = time.perf_counter(), self._compile_seconds(), self._trace_seconds()
        train_loss, train_accuracy, tokens_per_second = self._train()
        val_loss, found = self._evaluate() if math.isfinite(train_loss) else (math.nan, None)
        metrics = {} if found is None else self._scorer.measured(found)
        report = EpochReport(
            epoch=epochs_after(self._reports, self._reports_per_epoch),
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            val_loss=val_loss,
            metrics=metrics,
            seconds=time.perf_counter() - started,
            compile_seconds=self._compile_seconds() - compiled_before,
            trace_seconds=self._trace_seconds() - traced_before,
            tokens_per_second=tokens_per_second,
            counted=self._counted,
        )
        before, self.best = (
            self.best,
            self.best.after(report.epoch, None if report.diverged else self._scorer.objective.score(metrics)),
        )
        if found is None or self.best is before:
            return TrialReport(report, last=self._state(), best=None)
        return TrialReport(report, last=self._state(), best=self._weights(), predictions=pack_validation(found))

    @abstractmethod
    def logits(self, weights: bytes, data: EncodedDataset) -> NDArray[np.float32]:
        """The outputs with the weights of an earlier report: ``[texts, outputs]``, before sigmoid or softmax.

        The training cannot go on afterwards: its last weights are gone.
        """

    @abstractmethod
    def _train(self) -> tuple[float, float, float]:
        """Trains the part of the epoch: mean loss, accuracy, and real tokens a second, those of first calls left out."""

    @property
    def _epoch(self) -> int:
        """The epoch that is trained, counted from 1."""
        return -(-self._reports // self._reports_per_epoch)

    @property
    def _part(self) -> tuple[int, int]:
        """Which part of the epoch is trained, counted from 0, of how many."""
        return (self._reports - 1) % self._reports_per_epoch, self._reports_per_epoch

    @abstractmethod
    def _evaluate(self) -> tuple[float, Predictions]:
        """Mean loss on the validation texts, and what it is of."""

    @abstractmethod
    def _weights(self) -> bytes:
        """The weights as a NumPy archive."""

    @abstractmethod
    def _state(self) -> bytes:
        """What the training goes on from after this report: weights, optimizer, and the number of reports, as ``epoch``."""

    @abstractmethod
    def _compile_seconds(self) -> float:
        """Time spent so far in first calls of programs."""

    def _trace_seconds(self) -> float:
        """The part of it that is known to be tracing."""
        return 0.0
