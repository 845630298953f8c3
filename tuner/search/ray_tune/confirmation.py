"""Runs a confirmation on Ray Tune, in the warm workers of a search."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from search_spaces.config import CustomConfig, TrialConfig
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.metrics import Objective
from tuner.models.custom.source import ModelSource
from tuner.runs.settings import SearchSettings
from tuner.search.confirmation import ConfirmationController, repeat_seed
from tuner.search.ray_tune.adapters import JournalledSearcher, error_of
from tuner.search.ray_tune.cluster import ClusterResources
from tuner.search.ray_tune.engine import run_trials, worker_parameters
from tuner.search.ray_tune.failures import FailureKind, failure_of
from tuner.search.ray_tune.trainable import REPORT, open_custom_model, open_worker_context
from tuner.search.ray_tune.workers import RECYCLE, MemoryGrowth, WarmWorkerScheduler
from tuner.search.schedulers.scheduler import Decision
from tuner.training.repeat_run import RepeatRun

if TYPE_CHECKING:
    from tuner.models.custom.building import CustomModel
    from tuner.training.custom_run import HyperModelRun
    from tuner.training.trial_run import TrialRun


def confirm_on_ray(
    controller: ConfirmationController,
    settings: SearchSettings,
    data: EncodedSplits,
    test: EncodedDataset,
    resources: ClusterResources,
    *,
    on_step: Callable[[], None],
) -> None:
    """Lets Ray Tune train and judge repeats until the controller has no more. Ray must be connected.

    What ``on_step`` raises passes through.
    """
    run_trials(
        RepeatTrainable,
        {**worker_parameters(settings, data), "test": vars(test), "patience": settings.patience},
        searcher=RepeatSearcher(controller),
        scheduler=RepeatScheduler(controller),
        callback=RepeatCallback(controller, on_step),
        asked=settings.resources,
        there=resources,
        most_pending=settings.resources.concurrency,
    )


class RepeatTrainable(tune.Trainable):
    """Trains a repeat epoch by epoch, and judges it in the last step. Reused like the workers of a search.

    A config holds ``trial`` (the repeat's key), ``index``, ``repeat``, ``settings``, and whether they are
    ``own``: of a custom model.
    """

    def setup(
        self,
        config: dict[str, Any],
        *,
        arrays: Mapping[str, Any],
        test: Mapping[str, Any],
        patience: int | None,
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
            config: the first repeat.
            arrays: ``EncodedSplits.as_arrays()``.
            test: the fields of the encoded test texts.
            patience: epochs without a better validation accuracy after which a repeat is judged, as in the search.
            vocabulary_size: this and the rest as in ``TrialTrainable``.
        """
        self._worker_context = open_worker_context(arrays, vocabulary_size, classes, epochs, threads, gpu_share)
        self._test = EncodedDataset(**test)
        self._patience = patience
        self._seed, self._objective = seed, objective
        self._source, self._max_length = hypermodel, max_length
        self._own: CustomModel | None = None
        self._repeat_run: RepeatRun | None = None
        self._wear = MemoryGrowth()

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Takes the next repeat."""
        self._repeat_run = None
        return True

    def step(self) -> dict[str, Any]:
        """One epoch.

        Raises:
            TrialError: for any error of the repeat.
        """
        from tuner.training.trial_error import broken_by

        try:
            if self._repeat_run is None:
                self._repeat_run = self._begin()
            return {REPORT: self._repeat_run.run_epoch(), RECYCLE: self._wear.is_too_much}
        except Exception as error:  # noqa: BLE001  raised again, as text
            raise broken_by(error) from None

    def _begin(self) -> RepeatRun:
        return RepeatRun(self._trial(), self._worker_context, self._test, patience=self._patience)

    def _trial(self) -> "TrialRun | HyperModelRun":
        from tuner.training.custom_run import HyperModelRun
        from tuner.training.trial_run import TrialRun

        settings = self.config["settings"]
        seed = repeat_seed(self._seed, self.config["index"], self.config["repeat"])
        if self._source is None or not self.config["own"]:  # the baseline is ours
            return TrialRun(
                self._worker_context, TrialConfig(**settings), seed=seed, state=None, objective=self._objective
            )
        if self._own is None:
            self._own = open_custom_model(self._source, self._worker_context, max_length=self._max_length)
        return HyperModelRun(
            self._own, self._worker_context.data, settings, seed=seed, state=None, objective=self._objective
        )


class RepeatSearcher(JournalledSearcher):
    """Asks the controller for repeats."""

    def __init__(self, controller: ConfirmationController) -> None:
        """Takes the controller of the confirmation."""
        super().__init__()
        self._controller = controller

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The next repeat's config, None where there is none yet, or Ray's mark for "no more"."""
        repeat = self._controller.next_repeat()
        if repeat is None:
            finished: str = Searcher.FINISHED
            return finished if self._controller.is_exhausted else None
        return {
            "trial": repeat.key,
            "index": repeat.candidate.index,
            "repeat": repeat.number,
            "settings": repeat.candidate.config.model_dump(),
            "own": isinstance(repeat.candidate.config, CustomConfig),
        }


class RepeatScheduler(WarmWorkerScheduler):
    """Passes every report to the controller; nothing is stopped early."""

    def __init__(self, controller: ConfirmationController) -> None:
        """Takes the controller of the confirmation."""
        super().__init__()
        self._controller = controller

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Ray's word for the controller's decision."""
        stop = self._controller.on_report(trial.config["trial"], result[REPORT]) is Decision.STOP
        word: str = TrialScheduler.STOP if stop else TrialScheduler.CONTINUE
        return word


class RepeatCallback(tune.Callback):
    """Tells the controller of failures, and gives the display its turn."""

    def __init__(self, controller: ConfirmationController, on_step: Callable[[], None]) -> None:
        """Takes the controller, and what to call after every turn of Ray's loop (several times a second)."""
        self._controller = controller
        self._on_step = on_step

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Drops the report, which the scheduler had: Ray would hold the answers in it as the trial's last result."""
        result.pop(REPORT)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A repeat broke, or what it ran on; then it is trained again."""
        failure = failure_of(*error_of(trial))
        lost = failure.kind is FailureKind.WORKER_LOST
        told = self._controller.on_worker_lost if lost else self._controller.on_failure
        told(trial.config["trial"], failure.message)

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """The display's turn; what it raises ends the confirmation."""
        self._on_step()
