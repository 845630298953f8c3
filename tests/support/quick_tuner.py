"""The command line with a training that takes milliseconds and no TensorFlow: ``python -m support.quick_tuner search ...``.

All else is the program's own: processes, signals, Ray, workers, states on their way between driver and workers, run folders. It
is for tests of what happens around a training; with ``FULL_CONTRACT=1`` they train networks instead.

Ray's workers need nothing of this module: the trainable is pickled by value, because this is the main module.
"""

# ruff: noqa: E402  Ray takes its settings when it is first imported

import hashlib
import json
import os
import time
from types import SimpleNamespace
from typing import Any

from tuner.search.ray_tune.capacity import import_ray

import_ray()

import numpy as np

from tuner.cli.main import main
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.search.confirmation import repeat_seed
from tuner.search.ray_tune import confirmation, trainable
from tuner.search.ray_tune.confirmation import RepeatTrainable
from tuner.search.ray_tune.trainable import TrialTrainable
from tuner.search.ray_tune.workers import MemoryGrowth
from tuner.training.report import EpochReport, TrialReport

SECONDS_PER_EPOCH = float(os.environ.get("QUICK_SECONDS_PER_EPOCH", "0.03"))
"""Read by the driver, and pickled with the trainable."""


class QuickRun:
    """A trial whose numbers follow from all that a training's would: seed, hyperparameters, and the state it goes on from.

    A state that is lost, or another trial's, changes all the numbers that come after it.
    """

    def __init__(self, settings: dict[str, Any], seed: tuple[int, ...], state: bytes | None, scores: Any) -> None:
        self._settings = json.dumps([settings, seed], sort_keys=True)
        self._epoch, self._digest = json.loads(state) if state else (0, "")
        self._best = max((value for value in scores[: self._epoch] if value is not None), default=-1.0)

    def run_epoch(self) -> TrialReport:
        time.sleep(SECONDS_PER_EPOCH)
        self._epoch += 1
        self._digest = hashlib.sha256(f"{self._settings} {self._epoch} {self._digest}".encode()).hexdigest()
        luck = int(self._digest[:8], 16) / 2**32
        accuracy = 0.9 - 0.3 / self._epoch + 0.09 * luck
        report = EpochReport(
            self._epoch, 1 - luck, luck, 1 - accuracy, {"accuracy": accuracy}, SECONDS_PER_EPOCH, 0.0, 1000.0
        )
        state = json.dumps([self._epoch, self._digest]).encode()
        improved = accuracy > self._best
        self._best = max(self._best, accuracy)
        return TrialReport(report, last=state, best=state if improved else None)

    def logits(self, weights: bytes, data: EncodedDataset) -> np.ndarray:
        """Outputs that follow from the weights alone."""
        digest = json.loads(weights)[1]
        return np.random.default_rng(int(digest[:8], 16)).normal(size=(len(data), 1)).astype(np.float32)


class QuickTrainable(TrialTrainable):
    """A worker that prepares nothing and trains nothing."""

    def setup(self, config: dict[str, Any], *, seed: int, **_: Any) -> None:
        self._seed, self._trial_run, self._wear = seed, None, MemoryGrowth()

    def _begin(self) -> QuickRun:
        sent = self.config["state"]
        seed = (self._seed, self.config["index"])
        return QuickRun(self.config["settings"], seed, sent.fetch() if sent else None, self.config["scores"])


class QuickRepeatTrainable(RepeatTrainable):
    """Likewise, for a confirmation."""

    def setup(
        self, config: dict[str, Any], *, arrays: Any, test: Any, patience: Any, epochs: int, seed: int, **_: Any
    ) -> None:
        self._worker_context = SimpleNamespace(data=EncodedSplits.from_arrays(arrays), epochs=epochs)
        self._test, self._patience = EncodedDataset(**test), patience
        self._seed, self._repeat_run, self._wear = seed, None, MemoryGrowth()

    def _trial(self) -> QuickRun:
        seed = repeat_seed(self._seed, self.config["index"], self.config["repeat"])
        return QuickRun(self.config["settings"], seed, None, ())


if __name__ == "__main__":
    trainable.TrialTrainable = QuickTrainable
    confirmation.RepeatTrainable = QuickRepeatTrainable
    main()
