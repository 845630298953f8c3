"""Ray Tune's three interfaces, each turned towards the conductor: where trials come from, when they stop, what happens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from tuner.search.conductor import Conductor
from tuner.search.ray_tune.failures import describe_failure
from tuner.search.ray_tune.trainable import REPORT
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

    def __init__(self, conductor: Conductor) -> None:
        """Takes the conductor of the search."""
        super().__init__()
        self._conductor = conductor

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """The next trial's config, or Ray's mark for "no more"."""
        assignment = self._conductor.next_trial()
        if assignment is None:
            finished: str = Searcher.FINISHED
            return finished
        return {
            "trial": assignment.trial,
            "index": assignment.index,
            "settings": assignment.config.model_dump(),
        }


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
        stop = decision is Decision.STOP
        word: str = TrialScheduler.STOP if stop else TrialScheduler.CONTINUE
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
        """Drops the report, which the scheduler had: Ray would hold the weights in it as the trial's last result."""
        result.pop(REPORT)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial broke; Ray has written its traceback into a file."""
        trace = Path(trial.error_file).read_text(encoding="utf-8", errors="replace") if trial.error_file else ""
        self._conductor.on_failure(trial.config["trial"], describe_failure(trace))

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """The display's turn; what it raises ends the search."""
        self._on_step()
