"""Ray Tune's three interfaces, each turned towards the conductor: where trials come from, when they stop, what happens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from tuner.search.conductor import Conductor
from tuner.search.ray_tune.failures import describe_failure
from tuner.search.ray_tune.sent_state import sent
from tuner.search.ray_tune.trainable import REPORT
from tuner.search.schedulers.scheduler import Decision


class ConductorSearcher(Searcher):
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
            "settings": assignment.config.model_dump(),
            "accuracies": assignment.accuracies,
            "state": sent(self._state_of(assignment.trial)),
        }

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing: the conductor knows from the reports."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the journal holds all there is to know, and Ray's own snapshot is not kept."""

    def restore(self, checkpoint_path: str) -> None:
        """Never called: a search is resumed from its journal."""
        raise RuntimeError("a search is resumed from its journal, not from Ray's snapshot")


class ConductorScheduler(FIFOScheduler):
    """Runs trials in the order of their proposal and passes every report to the conductor, which decides."""

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
    """Tells the conductor of starts and failures, and gives the display its turn."""

    def __init__(self, conductor: Conductor, on_step: Callable[[], None]) -> None:
        """Takes the conductor, and what to call after every turn of Ray's loop (several times a second)."""
        self._conductor = conductor
        self._on_step = on_step

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A worker took a trial."""
        self._conductor.on_start(trial.config["trial"])

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Drops the report, which the scheduler had, and the state that the trial began with: Ray would hold both."""
        result.pop(REPORT)
        trial.config["state"] = None

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial broke; Ray has written its traceback into a file."""
        trace = Path(trial.error_file).read_text(encoding="utf-8", errors="replace") if trial.error_file else ""
        self._conductor.on_failure(trial.config["trial"], describe_failure(trace))

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """The display's turn; what it raises ends the search."""
        self._on_step()
