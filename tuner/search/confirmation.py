"""Which trials a confirmation trains again, from which seeds, and what it does as they end. Knows no Ray.

Like the search's controller it can be driven by a test with a made-up trainer, and one that was interrupted is this same class
over a journal that holds some repeats already.
"""

import time
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
from tuner.search.controller import Assignment
from tuner.search.distillation import student_seed
from tuner.search.plan import Plan
from tuner.search.schedulers.scheduler import Decision
from tuner.search.work_queue import QueueController
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


class ConfirmationController(QueueController[Repeat, RepeatEnded]):
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
        super().__init__(open_repeats(candidates, repeats, store.search_state, store.folder), store, clock)
        self._candidates = candidates
        self._repeats = repeats
        self._texts = texts
        self._rivals = tuple(rivals)

    def start(self) -> None:
        """Writes down who will see the test set, before anybody does."""
        models = (*(candidate.model for candidate in self._candidates), *self._rivals)
        self._store.record(
            ConfirmationStarted(
                time=self._clock(), models=models, repeats=self._repeats, texts=len(self._texts.test.labels)
            )
        )

    def on_report(self, key: str, report: RepeatReport) -> Decision:
        """Takes in an epoch of a repeat; after the last one its predictions are kept, then its results recorded."""
        if not report.over:
            return Decision.CONTINUE
        test_result, repeat = report.test_result, self._at_work[key]
        if test_result is None:
            self._record(key, self._end(repeat, "diverged", epochs=report.epoch.epoch, seconds=report.seconds))
            return Decision.STOP
        write_predictions(
            self._store.folder.predictions(repeat.candidate.model, repeat.number),
            {
                "validation": (self._texts.validation, test_result.validation.predictions),
                "test": (self._texts.test, test_result.test.predictions),
            },
        )
        end = self._end(
            repeat,
            "completed",
            epochs=report.epoch.epoch,
            seconds=report.seconds,
            best_epoch=report.best_epoch,
            **result_fields(test_result),
        )
        self._record(key, end)
        return Decision.STOP

    def end(self, reason: Literal["finished", "interrupted"]) -> None:
        """Writes down why the confirmation is over."""
        self._store.record(ConfirmationEnded(time=self._clock(), reason=reason))

    def _assignment(self, item: Repeat) -> Assignment:
        candidate = item.candidate
        seed = repeat_seed(candidate.index, item.number)
        if candidate.teacher is not None:
            seed = (*student_seed(candidate.index), item.number)
        return Assignment(item.key, seed, candidate.config, teacher=candidate.teacher)

    def _failed(self, item: Repeat, error: str) -> RepeatEnded:
        return self._end(item, "failed", epochs=0, seconds=0.0, error=error)

    def _end(self, repeat: Repeat, status: RepeatStatus, **results: Any) -> RepeatEnded:
        candidate = repeat.candidate
        return RepeatEnded(
            time=self._clock(),
            model=candidate.model,
            repeat=repeat.number,
            status=status,
            parameters=candidate.parameters,
            **results,
        )
