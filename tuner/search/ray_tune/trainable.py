"""The trainable: what Ray Tune runs in a worker. One worker trains many trials or repeats, one after the other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ray import tune

from search_spaces.config import Config, TrialConfig
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.data.soft_targets import SoftTargets
from tuner.errors import InputError
from tuner.metrics import Scorer
from tuner.models.custom.source import ModelSource
from tuner.models.device import give_back_freed_memory, prepare_own_process
from tuner.search.gpu_sharing import memory_limit
from tuner.search.ray_tune.gpus import gpus_of_node
from tuner.search.ray_tune.workers import RECYCLE, MemoryGrowth, SentState
from tuner.training.repeat_run import RepeatRun
from tuner.training.run import Run
from tuner.training.trial_error import broken_by

if TYPE_CHECKING:
    from tuner.training.worker_context import WorkerContext

REPORT = "report"
"""Key of a result under which a ``TrialReport`` or ``RepeatReport`` travels to the driver."""


def _gpu_memory(share: float) -> int | None:
    """Bytes of a GPU for a process that has such a share of it; None where it has a GPU, or several, to itself, or none."""
    sizes = [gpu["memory"] for gpu in gpus_of_node()] if 0 < share < 1 else []
    if not sizes:
        return None
    limit = memory_limit(share, min(sizes))
    if limit <= 0:
        raise InputError(
            f"too small a share of a {min(sizes) / 2**30:.0f} GiB GPU; increase it",
            option="gpus_per_trial",
            value=share,
        )
    return limit


def open_context(*, arrays: Mapping[str, Any], threads: int, gpu_share: float, **context: Any) -> "WorkerContext":
    """Prepares this process for training.

    Args:
        arrays: ``EncodedSplits.as_arrays()``, mapped from the node's object store without a copy.
        threads: threads of an operation on the CPU.
        gpu_share: GPUs that the worker has, below 1 a fraction of one.
        context: what a ``WorkerContext`` has beside the data.
    """
    # Settings must be made before TensorFlow is imported, and the driver, which imports this module, must not import it.
    prepare_own_process(threads, _gpu_memory(gpu_share))
    from tuner.training.worker_context import WorkerContext

    return WorkerContext(EncodedSplits.from_arrays(arrays), **context)


class TrialTrainable(tune.Trainable):
    """Trains the trial, or repeat, of its config epoch by epoch; on reuse it keeps data, compiled programs and TensorFlow.

    A config holds the fields of an ``Assignment``, with a ``SentState`` in the place of the state.
    """

    def setup(
        self,
        config: dict[str, Any],
        *,
        seed: int,
        scorer: Scorer,
        metric: ModelSource | None,
        test: Mapping[str, Any] | None,
        patience: int | None,
        teachers: Mapping[str, Mapping[str, Any]],
        **context: Any,
    ) -> None:
        """Prepares the worker, once.

        Args:
            scorer: measures predictions, and knows what the search pursues.
            metric: the modules of a metric that is a function of the user's own.
            test: the fields of the encoded test texts, where repeats are evaluated on them; None in a search.
            patience: epochs without a better validation accuracy after which a repeat is evaluated.
            teachers: the arrays of the ``SoftTargets`` that students are trained on, by fingerprint.
            context: what ``_open_context`` takes.
        """
        self._worker_context = self._open_context(**context)
        self._seed, self._scorer = seed, scorer
        if metric is not None:
            metric.make_importable()
        self._test, self._patience = None if test is None else EncodedDataset(**test), patience
        self._teachers = teachers
        self._trial_run: Run | RepeatRun | None = None
        self._growth = MemoryGrowth()

    def _open_context(self, **context: Any) -> "WorkerContext":
        """As ``open_context``."""
        return open_context(**context)

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
        try:
            if self._trial_run is None:
                self._trial_run = self._begin()
            return {REPORT: self._trial_run.run_to_report(), RECYCLE: self._growth.is_too_much}
        except Exception as error:  # noqa: BLE001  raised again, as text
            raise broken_by(error) from None

    def _begin(self) -> Run | RepeatRun:
        sent: SentState | None = self.config["state"]
        training = self._training(
            self.config["config"],
            seed=(self._seed, *self.config["seed"]),
            state=sent.fetch() if sent else None,
            scores=self.config["scores"],
            scorer=self._scorer,
        )
        if self._test is None:
            return training
        return RepeatRun(training, self._context_of_trial(), self._test, self._scorer, patience=self._patience)

    def _training(self, config: Config, **start: Any) -> Run:
        from tuner.training.custom_run import CustomRun
        from tuner.training.trial_run import TrialRun

        context = self._context_of_trial()
        if isinstance(config, TrialConfig):  # the baseline of a confirmation is one, whatever its candidates are
            return TrialRun(context, config, **start)
        return CustomRun(context, config, **start)

    def _context_of_trial(self) -> "WorkerContext":
        """The worker's data, or those of a fold, or with a teacher."""
        fold, teacher = self.config["fold"], self.config["teacher"]
        if fold is not None:
            return self._worker_context.of_fold(fold)
        if teacher is not None:
            return self._worker_context.of_teacher(SoftTargets.from_arrays(self._teachers[teacher]))
        return self._worker_context
