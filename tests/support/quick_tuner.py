"""The command line with a training that takes milliseconds and no TensorFlow: ``python -m support.quick_tuner search ...``.

All else is the program's own: processes, signals, Ray, workers, states on their way between driver and workers, run folders. It
is for tests of what happens around a training; with ``FULL_CONTRACT=1`` they train networks instead.

Where it is the program, Ray's workers need nothing of this module: the trainable is pickled by value, because it is the main
module's. Workers of the Ray that tests share find it.
"""

# ruff: noqa: E402  Ray takes its settings when it is first imported

import hashlib
import json
import os
import time
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from tuner.search.ray_tune.capacity import import_ray

import_ray()

import numpy as np

from search_spaces.config import Config
from tuner.cli.main import main
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.measures import Predictions
from tuner.metrics import Objective
from tuner.search.ray_tune import trainable
from tuner.search.ray_tune.trainable import TrialTrainable
from tuner.training.run import Run

SECONDS_PER_EPOCH = float(os.environ.get("QUICK_SECONDS_PER_EPOCH", "0.03"))
"""Read by the driver, and pickled with the trainable."""
HANGING_TRIAL = os.environ.get("QUICK_HANGING_TRIAL")
"""A trial, or repeat, whose first epoch takes an hour; likewise."""


class _MadeUpScorer:
    """Has the accuracy that it is given."""

    def __init__(self, objective: Objective) -> None:
        self.objective, self.accuracy = objective, 0.0

    def measured(self, found: Predictions) -> dict[str, float]:
        return {"accuracy": self.accuracy}


class QuickRun(Run):
    """A training whose numbers follow from all that a real one's would: seed, hyperparameters, and the state it goes on from.

    A state that is lost, or another trial's, changes all the numbers that come after it.
    """

    def __init__(
        self, settings: dict[str, Any], answers: Predictions, *,
        seed: tuple[int, ...], state: bytes | None, scores: Any = (), scorer: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, scorer)
        self._answers = answers
        self._scorer = _MadeUpScorer(scorer.objective)
        self._settings, self._digest = json.dumps([settings, seed], sort_keys=True), ""
        if state is not None:
            epoch, self._digest = json.loads(state)
            self._resume(epoch, scores)

    def _train(self) -> tuple[float, float, float]:
        time.sleep(SECONDS_PER_EPOCH)
        self._digest = hashlib.sha256(f"{self._settings} {self._epoch} {self._digest}".encode()).hexdigest()
        return 1 - self._luck, self._luck, 1000.0

    def _evaluate(self) -> tuple[float, Predictions]:
        accuracy = 0.9 - 0.3 / self._epoch + 0.09 * self._luck
        self._scorer.accuracy = accuracy
        return 1 - accuracy, self._answers

    @property
    def _luck(self) -> float:
        return int(self._digest[:8], 16) / 2**32

    def _weights(self) -> bytes:
        return self._state()

    def _state(self) -> bytes:
        return json.dumps([self._epoch, self._digest]).encode()

    def _compile_seconds(self) -> float:
        return 0.0

    def logits(self, weights: bytes, data: EncodedDataset) -> np.ndarray:
        """Outputs that follow from the weights alone."""
        digest = json.loads(weights)[1]
        return np.random.default_rng(int(digest[:8], 16)).normal(size=(len(data), 1)).astype(np.float32)


class QuickTrainable(TrialTrainable):
    """A worker that prepares nothing and trains nothing."""

    def _open_context(self, *, arrays: Any, epochs: int, classes: int, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(data=EncodedSplits.from_arrays(arrays), epochs=epochs, classes=classes)

    def _context_of_trial(self) -> SimpleNamespace:
        return self._worker_context

    def _training(self, config: Config, **start: Any) -> QuickRun:
        if self.config["trial"] == HANGING_TRIAL:
            time.sleep(3600)
        return QuickRun(config.model_dump(), _answers(self._worker_context), **start)


def _answers(context: SimpleNamespace) -> Predictions:
    """That of one who knows nothing, for the validation texts; a fold's are made up."""
    labels, classes = context.data.validation.labels, context.classes
    if not len(labels):
        labels = np.arange(20, dtype=np.int32) % classes
    return Predictions.of_logits(np.zeros((len(labels), classes), np.float32), labels)


def quick_training() -> AbstractContextManager[object]:
    """Lets searches of this process train so as long as the context lasts."""
    return mock.patch.object(trainable, "TrialTrainable", QuickTrainable)


if __name__ == "__main__":
    with quick_training():
        main()
