"""Which trials a confirmation trains again, from which seeds, and what it does as they end. Knows no Ray.

Like the search's controller it can be driven by a test with a made-up trainer, and one that was interrupted is this same class
over a journal that holds some repeats already.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from search_spaces.config import Config
from tuner.metrics import finite
from tuner.models.counting import count_parameters
from tuner.models.network_spec import AVERAGED_EMBEDDINGS, AVERAGING_CONFIG
from tuner.runs.events import ConfirmationEnded, ConfirmationStarted, RepeatEnded, RepeatStatus
from tuner.runs.folder import RunFolder
from tuner.runs.predictions import SplitTexts, write_predictions
from tuner.runs.search_state import SearchState
from tuner.runs.store import RunStore
from tuner.search.controller import LOSSES_THAT_FAIL, Assignment
from tuner.search.distillation import student_seed
from tuner.search.plan import Plan
from tuner.search.schedulers.scheduler import Decision
from tuner.training.test_result import RepeatReport, TestResult

# No search has so many trials: the baseline's seeds are nobody else's.
_BASELINE_INDEX = 2**32 - 1


@dataclass(frozen=True)
class Candidate:
    """A model to train again.

    Attributes:
        model: the trial's id, or the baseline's name.
        index: the trial's index, of which its seeds are made.
        teacher: fingerprint of what a student is trained on beside the labels; None of others.
    """

    model: str
    index: int
    config: Config
    parameters: int
    teacher: str | None = None

    @property
    def is_baseline(self) -> bool:
        """Whether it is averaged embeddings and no trial."""
        return self.model == AVERAGED_EMBEDDINGS


def candidates_of(plan: Plan, search_state: SearchState, trials: Sequence[str]) -> list[Candidate]:
    """The trials and students in the order given, each with its recorded configuration, and behind them the baseline."""

    def candidate(model: str) -> Candidate:
        student = search_state.students.get(model)
        record = search_state.trials[model if student is None else student.trial]
        teacher = None if student is None else student.fingerprint
        return Candidate(model, record.index, plan.family.config(record.config), record.size, teacher)

    parameters = count_parameters(plan.network(AVERAGING_CONFIG)).total
    return [
        *map(candidate, trials),
        Candidate(AVERAGED_EMBEDDINGS, _BASELINE_INDEX, AVERAGING_CONFIG, parameters),
    ]


def repeat_seed(index: int, repeat: int) -> tuple[int, ...]:
    """What follows the search seed in that of a repeat, from 1. Of trials of the search it is their index.

    NumPy takes a seed sequence that ends in zeros for the one without them, so a repeat 0 would be the search's own trial.
    """
    if repeat < 1:
        raise ValueError(f"repeats count from 1; received {repeat}")
    return index, repeat


@dataclass(frozen=True)
class HeldOut:
    """The texts that a model is evaluated on."""

    validation: SplitTexts
    test: SplitTexts


@dataclass(frozen=True)
class Repeat:
    """One training of a candidate, numbered from 1."""

    candidate: Candidate
    number: int

    @property
    def key(self) -> str:
        """A name for it among all repeats."""
        return f"{self.candidate.model}-{self.number}"


def open_repeats(
    candidates: Sequence[Candidate], repeats: int, search_state: SearchState, folder: RunFolder
) -> list[Repeat]:
    """The repeats that are still to be trained: those that are not in the search_state, broke there, or lost their predictions.

    Repeats of one model follow each other, so that a worker finds its compiled steps at hand.
    """
    wanted = [Repeat(candidate, number) for candidate in candidates for number in range(1, repeats + 1)]
    return [repeat for repeat in wanted if not is_done(repeat.candidate.model, repeat.number, search_state, folder)]


def result_fields(result: TestResult) -> dict[str, Any]:
    """What a ``RepeatEnded`` holds of a result."""
    return {
        "val_loss": result.validation.loss,
        "val_metrics": finite(result.validation.metrics),
        "test_loss": result.test.loss,
        "test_metrics": finite(result.test.metrics),
        "offsets": result.offsets,
    }


def is_done(model: str, number: int, search_state: SearchState, folder: RunFolder) -> bool:
    """Whether a repeat has a result that is kept."""
    end = search_state.repeats.get((model, number))
    if end is None or end.status == "failed":
        return False
    return end.status == "diverged" or folder.predictions(model, number).exists()


class ConfirmationController:
    """One confirmation in progress."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        repeats: int,
        texts: HeldOut,
        store: RunStore,
        *,
        rivals: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Takes what is to be done; what the store's journal holds of it is not done again.

        Args:
            rivals: models that are evaluated as they are, by who calls this.
        """
        self._candidates = candidates
        self._repeats = repeats
        self._texts = texts
        self._store = store
        self._rivals = tuple(rivals)
        self._clock = clock
        self._waiting = open_repeats(candidates, repeats, store.search_state, store.folder)
        self._given: dict[str, Repeat] = {}
        self._at_work: set[str] = set()
        self._losses: Counter[str] = Counter()
        self.planned = len(self._waiting)
        self.ended: list[RepeatEnded] = []

    def start(self) -> None:
        """Writes down who will see the test set, before anybody does."""
        models = (*(candidate.model for candidate in self._candidates), *self._rivals)
        self._store.record(
            ConfirmationStarted(
                time=self._clock(), models=models, repeats=self._repeats, texts=len(self._texts.test.labels)
            )
        )

    @property
    def is_exhausted(self) -> bool:
        """Whether ``next_trial`` has nothing more to give; while a repeat is trained, it may lose its worker."""
        return not (self._waiting or self._at_work)

    def next_trial(self) -> Assignment | None:
        """The next repeat, None where there is none now."""
        if not self._waiting:
            return None
        repeat = self._waiting.pop(0)
        self._given[repeat.key] = repeat
        self._at_work.add(repeat.key)
        candidate = repeat.candidate
        seed = repeat_seed(candidate.index, repeat.number)
        if candidate.teacher is not None:
            seed = (*student_seed(candidate.index), repeat.number)
        return Assignment(repeat.key, seed, candidate.config, teacher=candidate.teacher)

    def on_start(self, key: str) -> None:
        """Nothing: the journal has no line for it."""

    def on_report(self, key: str, report: RepeatReport) -> Decision:
        """Takes in an epoch of a repeat; after the last one its predictions are kept, then its results recorded."""
        if not report.over:
            return Decision.CONTINUE
        test_result, repeat = report.test_result, self._given[key]
        if test_result is None:
            self._record(repeat, "diverged", epochs=report.epoch.epoch, seconds=report.seconds)
            return Decision.STOP
        write_predictions(
            self._store.folder.predictions(repeat.candidate.model, repeat.number),
            {
                "validation": (self._texts.validation, test_result.validation.predictions),
                "test": (self._texts.test, test_result.test.predictions),
            },
        )
        self._record(
            repeat,
            "completed",
            epochs=report.epoch.epoch,
            seconds=report.seconds,
            best_epoch=report.best_epoch,
            **result_fields(test_result),
        )
        return Decision.STOP

    def on_failure(self, key: str, error: str) -> None:
        """Records a repeat that broke; the others go on, and another confirmation tries it again."""
        if key not in self._at_work:  # its worker broke after the last report
            return
        self._record(self._given[key], "failed", epochs=0, seconds=0.0, error=error)

    def on_worker_lost(self, key: str, reason: str) -> None:
        """Puts a repeat whose worker went away back in line, to be trained from its beginning. The third loss fails it."""
        if key not in self._at_work:
            return
        self._losses[key] += 1
        if self._losses[key] >= LOSSES_THAT_FAIL:
            self.on_failure(key, f"{reason}; {LOSSES_THAT_FAIL} times")
            return
        self._at_work.discard(key)
        self._waiting.append(self._given[key])

    def end(self, reason: Literal["finished", "interrupted"]) -> None:
        """Writes down why the confirmation is over."""
        self._store.record(ConfirmationEnded(time=self._clock(), reason=reason))

    def _record(self, repeat: Repeat, status: RepeatStatus, **results: Any) -> None:
        candidate = repeat.candidate
        self._at_work.discard(repeat.key)
        end = RepeatEnded(
            time=self._clock(),
            model=candidate.model,
            repeat=repeat.number,
            status=status,
            parameters=candidate.parameters,
            **results,
        )
        self._store.record(end)
        self.ended.append(end)
