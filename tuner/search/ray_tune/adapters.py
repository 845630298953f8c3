"""Ray Tune's three interfaces, each turned towards a controller: where trials come from, when they stop, what happens.

For Ray a repeat of a confirmation, and a student of a distillation, is a trial as well.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from search_spaces.config import Config
from tuner.models.memory import TrainingMemory
from tuner.search.controller import SearchController
from tuner.search.ray_tune.failures import FailureKind, failure_of, memory_message
from tuner.search.ray_tune.trainable import REPORT
from tuner.search.ray_tune.workers import EpochTimeouts, SentState, WarmWorkerScheduler, sent
from tuner.search.schedulers.scheduler import Decision
from tuner.search.work_queue import QueueController

Controller = SearchController | QueueController[Any, Any]


class JournalledSearcher(Searcher):
    """A searcher all of whose state is in the journal, so that Ray has nothing to tell it and nothing to keep for it."""

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing: the controller knows from the reports."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the journal holds all there is to know, and Ray's own snapshot is not kept."""

    def restore(self, checkpoint_path: str) -> None:
        """Never called: a search is resumed from its journal."""
        raise RuntimeError("a search is resumed from its journal, not from Ray's snapshot")


class NoReporter(tune.ProgressReporter):
    """Reports nothing: in a notebook Ray's own would clear what the cell has displayed, however silent it is told to be."""

    def should_report(self, trials: list[Any], done: bool = False) -> bool:
        """Never."""
        return False

    def report(self, trials: list[Any], done: bool, *sys_info: dict[str, Any]) -> None:
        """Not called."""


class ControllerSearcher(JournalledSearcher):
    """Asks the controller for trials."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The next trial's config, None where there is none yet, or Ray's mark for "no more".

        For Ray a trial that goes on after a pause is a new one: it may go on elsewhere, in a worker that is warm.
        """
        assignment = self._controller.next_trial()
        if assignment is None:
            finished: str = Searcher.FINISHED
            return finished if self._controller.is_exhausted else None
        return {**vars(assignment), "state": sent(assignment.state)}


class ControllerScheduler(WarmWorkerScheduler):
    """Passes every report to the controller, which decides."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Ray's word for the controller's decision."""
        decision = self._controller.on_report(trial.config["trial"], result[REPORT])
        goes_on = decision is Decision.CONTINUE
        word: str = TrialScheduler.CONTINUE if goes_on else TrialScheduler.STOP
        return word


class ControllerCallback(tune.Callback):
    """Tells the controller of starts and failures, ends trials that hang, and gives the display its turn."""

    def __init__(
        self,
        controller: Controller,
        on_step: Callable[[], None],
        memory: Callable[[Config], TrainingMemory | None],
        hangs: EpochTimeouts,
    ) -> None:
        """Takes the parts.

        Args:
            controller: of the search or the confirmation.
            on_step: what to call after every turn of Ray's loop (several times a second).
            memory: the estimate of what training a configuration takes, None where there is none.
            hangs: knows when a trial takes too long.
        """
        self._controller = controller
        self._on_step = on_step
        self._memory = memory
        self._hangs = hangs

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A worker took a trial."""
        self._hangs.start(trial)
        self._controller.on_start(trial.config["trial"])

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Drops the report, which the scheduler had, and the state that the trial began with: Ray would hold both."""
        result.pop(REPORT)
        self._hangs.start(trial)
        state: SentState | None = trial.config["state"]
        if state is not None:
            state.release()

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial ended as it was told to."""
        self._hangs.clear(trial)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial broke, or what it ran on; Ray has written the error into files."""
        name, hung = trial.config["trial"], self._hangs.clear(trial)
        if hung:
            self._controller.on_failure(name, f"no epoch ended within {self._hangs.seconds:g} s (--epoch-timeout)")
            return
        failure = failure_of(*error_of(trial))
        if failure.kind is FailureKind.WORKER_LOST:
            self._controller.on_worker_lost(name, failure.message)
        elif failure.kind is FailureKind.MEMORY:
            estimate = self._memory(trial.config["config"])
            self._controller.on_failure(name, memory_message(failure, estimate))
        else:
            self._controller.on_failure(name, failure.message)

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """The display's turn; what it raises ends the search."""
        for trial in self._hangs.overdue():
            # It may be stuck within one step, so it is not asked; its end arrives as an error of the trial.
            ray.kill(trial.temporary_state.ray_actor)
        self._on_step()


def error_of(trial: Any) -> tuple[BaseException | None, str]:
    """The exception, where Ray kept it, and the text of it, from the files that Ray wrote a moment ago."""
    trace = Path(trial.error_file).read_text(encoding="utf-8", errors="replace") if trial.error_file else ""
    kept = trial.pickled_error_file
    return (ray.cloudpickle.loads(Path(kept).read_bytes()) if kept else None), trace
