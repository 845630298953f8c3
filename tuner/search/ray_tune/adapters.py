"""Ray Tune's three interfaces, each turned towards the conductor: where trials come from, when they stop, what happens."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from tuner.models.memory import TrainingMemory
from tuner.search.controller import Conductor
from tuner.search.ray_tune.failures import FailureKind, failure_of, memory_message
from tuner.search.ray_tune.trainable import REPORT
from tuner.search.ray_tune.workers import HangWatch, SentState, WarmWorkerScheduler, sent
from tuner.search.schedulers.scheduler import Decision


class JournalledSearcher(Searcher):
    """A searcher all of whose state is in the journal, so that Ray has nothing to tell it and nothing to keep for it."""

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing: the conductor knows from the reports."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the journal holds all there is to know, and Ray's own snapshot is not kept."""

    def restore(self, checkpoint_path: str) -> None:
        """Never called: a search is resumed from its journal."""
        raise RuntimeError("a search is resumed from its journal, not from Ray's snapshot")


class ConductorSearcher(JournalledSearcher):
    """Asks the conductor for trials."""

    def __init__(self, conductor: Conductor, state_of: Callable[[str], bytes | None]) -> None:
        """Takes the conductor of the search, and where the last states of trials are found."""
        super().__init__()
        self._conductor = conductor
        self._state_of = state_of

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The next trial's config, None where there is none yet, or Ray's mark for "no more".

        For Ray a trial that goes on after a pause is a new one: it may go on elsewhere, in a worker that is warm.
        """
        assignment = self._conductor.next_trial()
        if assignment is None:
            finished: str = Searcher.FINISHED
            return finished if self._conductor.is_exhausted else None
        return {
            "trial": assignment.trial,
            "index": assignment.index,
            "settings": dict(assignment.config),
            "accuracies": assignment.accuracies,
            "state": sent(self._state_of(assignment.trial)),
        }


class ConductorScheduler(WarmWorkerScheduler):
    """Passes every report to the conductor, which decides."""

    def __init__(self, conductor: Conductor) -> None:
        """Takes the conductor of the search."""
        super().__init__()
        self._conductor = conductor

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Ray's word for the conductor's decision."""
        report = result[REPORT]
        decision = self._conductor.on_report(trial.config["trial"], report.epoch, last=report.last, best=report.best)
        goes_on = decision is Decision.CONTINUE
        word: str = TrialScheduler.CONTINUE if goes_on else TrialScheduler.STOP
        return word


class ConductorCallback(tune.Callback):
    """Tells the conductor of starts and failures, ends trials that hang, and gives the display its turn."""

    def __init__(
        self,
        conductor: Conductor,
        on_step: Callable[[], None],
        memory: Callable[[Mapping[str, Any]], TrainingMemory | None],
        hangs: HangWatch,
    ) -> None:
        """Takes the parts.

        Args:
            conductor: of the search.
            on_step: what to call after every turn of Ray's loop (several times a second).
            memory: the estimate of what training a configuration takes, None where there is none.
            hangs: knows when a trial takes too long.
        """
        self._conductor = conductor
        self._on_step = on_step
        self._memory = memory
        self._hangs = hangs

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A worker took a trial."""
        self._hangs.expect(trial)
        self._conductor.on_start(trial.config["trial"])

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Drops the report, which the scheduler had, and the state that the trial began with: Ray would hold both."""
        result.pop(REPORT)
        self._hangs.expect(trial)
        state: SentState | None = trial.config["state"]
        if state is not None:
            state.release()

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial ended as it was told to."""
        self._hangs.forget(trial)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial broke, or what it ran on; Ray has written the error into files."""
        name, hung = trial.config["trial"], self._hangs.forget(trial)
        if hung:
            self._conductor.on_failure(name, f"no epoch ended within {self._hangs.seconds:g} s (--epoch-timeout)")
            return
        failure = failure_of(*error_of(trial))
        if failure.kind is FailureKind.WORKER_LOST:
            self._conductor.on_worker_lost(name, failure.message)
        elif failure.kind is FailureKind.MEMORY:
            estimate = self._memory(trial.config["settings"])
            self._conductor.on_failure(name, memory_message(failure, estimate))
        else:
            self._conductor.on_failure(name, failure.message)

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
