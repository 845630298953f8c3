"""The trainable: what Ray Tune runs in a worker. One worker trains many trials, one after the other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ray import tune

from search_spaces.config import TrialConfig
from tuner.data.encoded import EncodedSplits
from tuner.errors import InputError
from tuner.metrics import Objective
from tuner.models.custom.source import ModelSource
from tuner.models.device import give_back_freed_memory
from tuner.search.gpu_sharing import memory_limit
from tuner.search.ray_tune.gpus import gpus_of_node
from tuner.search.ray_tune.workers import RECYCLE, MemoryGrowth, SentState

if TYPE_CHECKING:
    from tuner.models.custom.building import CustomModel
    from tuner.training.custom_run import HyperModelRun
    from tuner.training.trial_run import TrialRun
    from tuner.training.worker_context import WorkerContext

REPORT = "report"
"""Key of a result under which a ``TrialReport`` travels to the driver."""


def open_worker_context(
    arrays: Mapping[str, Any], vocabulary_size: int, classes: int, epochs: int, threads: int, gpu_share: float
) -> "WorkerContext":
    """Prepares this process for training; the arguments are those of ``TrialTrainable.setup``."""
    # Settings must be made before TensorFlow is imported, and the driver, which imports this module, must not import it.
    from tuner.models.device import prepare_tensorflow

    prepare_tensorflow(threads, _gpu_memory(gpu_share))
    from tuner.training.worker_context import WorkerContext

    return WorkerContext(EncodedSplits.from_arrays(arrays), vocabulary_size, classes, epochs)


def open_custom_model(source: ModelSource, worker_context: "WorkerContext", *, max_length: int) -> "CustomModel":
    """The custom model in this process, whose TensorFlow is prepared."""
    from tuner.models.custom.building import CustomModel
    from tuner.models.custom.finding import ModelFacts

    data = worker_context.data
    return CustomModel(
        source, ModelFacts(worker_context.vocabulary_size, worker_context.classes, max_length, data.vectors)
    )


def _gpu_memory(share: float) -> int | None:
    """Bytes of a card for a process that has so much of it, None where it has a card, or several, to itself, or none."""
    sizes = [card["memory"] for card in gpus_of_node()] if 0 < share < 1 else []
    if not sizes:
        return None
    limit = memory_limit(share, min(sizes))
    if limit <= 0:
        raise InputError(
            f"of a card of {min(sizes) / 2**30:.0f} GiB that leaves no room; take more",
            option="gpus_per_trial",
            value=share,
        )
    return limit


class TrialTrainable(tune.Trainable):
    """Trains the trial of its config epoch by epoch; on reuse it keeps data, compiled programs and TensorFlow itself.

    A config holds ``trial``, ``index``, ``settings`` (the hyperparameters), and what a trial goes on from: ``scores`` (by
    epoch) and ``state`` (a ``SentState``, or None for a fresh start).
    """

    def setup(
        self,
        config: dict[str, Any],
        *,
        arrays: Mapping[str, Any],
        vocabulary_size: int,
        classes: int,
        epochs: int,
        seed: int,
        objective: Objective,
        threads: int,
        hypermodel: ModelSource | None,
        max_length: int,
        gpu_share: float,
    ) -> None:
        """Prepares the worker, once.

        Args:
            config: the first trial.
            arrays: ``EncodedSplits.as_arrays()``, mapped from the node's object store without a copy.
            vocabulary_size: token ids that the data know.
            classes: labels in the data.
            epochs: most epochs of a trial.
            seed: the search seed.
            objective: what the search pursues.
            threads: threads of an operation on the CPU.
            hypermodel: the custom model, where trials are of that.
            max_length: most tokens of a text.
            gpu_share: GPUs that the worker has, below 1 a fraction of one.
        """
        self._worker_context = open_worker_context(arrays, vocabulary_size, classes, epochs, threads, gpu_share)
        self._seed, self._objective = seed, objective
        self._source, self._max_length = hypermodel, max_length
        self._own: CustomModel | None = None
        self._trial_run: TrialRun | HyperModelRun | None = None
        self._wear = MemoryGrowth()

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Takes the next trial. It is built in the first step, so that an error in it is that trial's error."""
        self._trial_run = None
        give_back_freed_memory()
        return True

    def step(self) -> dict[str, Any]:
        """One epoch.

        Raises:
            TrialError: for any error of the trial.
        """
        from tuner.training.trial_error import broken_by

        try:
            if self._trial_run is None:
                self._trial_run = self._begin()
            return {REPORT: self._trial_run.run_epoch(), RECYCLE: self._wear.is_too_much}
        except Exception as error:  # noqa: BLE001  raised again, as text
            raise broken_by(error) from None

    def _begin(self) -> "TrialRun | HyperModelRun":
        from tuner.training.custom_run import HyperModelRun
        from tuner.training.trial_run import TrialRun

        settings, seed = self.config["settings"], (self._seed, self.config["index"])
        sent: SentState | None = self.config["state"]
        going_on = {
            "state": sent.fetch() if sent else None,
            "scores": self.config["scores"],
            "objective": self._objective,
        }
        if self._source is None:
            return TrialRun(self._worker_context, TrialConfig(**settings), seed=seed, **going_on)
        if self._own is None:
            self._own = open_custom_model(self._source, self._worker_context, max_length=self._max_length)
        return HyperModelRun(self._own, self._worker_context.data, settings, seed=seed, **going_on)
