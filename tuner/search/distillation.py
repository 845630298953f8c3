"""Which students a distillation trains, from which seeds, and what it does as they end. Knows no Ray.

Like a confirmation it can be driven by a test with a made-up trainer, and one that was interrupted is this same class over a
journal that holds some students already. A student that was under way begins anew, and comes to the same numbers.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from search_spaces.config import TrialConfig
from tuner.metrics import Objective, finite
from tuner.runs.best_epoch import BestEpoch
from tuner.runs.events import RepeatStatus, StudentEnded
from tuner.runs.search_state import SearchState
from tuner.runs.store import RunStore
from tuner.search.controller import Assignment
from tuner.search.schedulers.scheduler import Decision
from tuner.search.work_queue import QueueController
from tuner.training.report import EpochReport, TrialReport

_OF_STUDENTS = 2**32 - 1
"""In the place of a repeat's number, which no confirmation reaches."""


def student_seed(index: int) -> tuple[int, ...]:
    """What follows the search seed in that of the student of a trial: not the trial's own, and no repeat's."""
    return index, _OF_STUDENTS


@dataclass(frozen=True)
class Student:
    """A configuration to train on a teacher's probabilities.

    Attributes:
        trial: whose configuration it has.
        index: of that trial, of which its seeds are made.
        refusal: why it is not trained, None where it is.
    """

    trial: str
    index: int
    config: TrialConfig
    parameters: int
    refusal: str | None = None

    @property
    def name(self) -> str:
        """How journal, tables and command line call it."""
        return f"{self.trial}-distilled"


@dataclass(frozen=True)
class Lesson:
    """What students are taught, and how long.

    Attributes:
        teacher: what people call it.
        fingerprint: of all that a student is trained on and of how, as in ``StudentEnded``.
        hard_weight: share of the label in a text's loss, 0 to 1.
        epochs: most epochs.
        patience: epochs without a better value of the objective after which a student is complete; None: it trains to its last.
    """

    teacher: str
    fingerprint: str
    hard_weight: float
    epochs: int
    patience: int | None = None


def student_of(trial: str, search_state: SearchState, config: TrialConfig, *, hard_weight: float) -> Student:
    """The student of a trial; refused where its loss would be none of what its configuration says."""
    record = search_state.trials[trial]
    shapes = [name for name in ("label_smoothing", "focal_gamma") if getattr(config, name) > 0.0]
    refusal = None
    if shapes and hard_weight == 0.0:
        refusal = (
            f"{shapes[0]} {getattr(config, shapes[0]):g} shapes the loss of labels, which have no share with hard_weight 0; "
            "raise hard_weight"
        )
    return Student(trial, record.index, config, record.size, refusal)


def open_students(students: Sequence[Student], lesson: Lesson, search_state: SearchState) -> list[Student]:
    """The students that are still to be trained: those that did not end with this lesson, or broke."""

    def is_done(student: Student) -> bool:
        end = search_state.students.get(student.name)
        return end is not None and end.fingerprint == lesson.fingerprint and end.status != "failed"

    return [student for student in students if not is_done(student)]


@dataclass
class _Progress:
    """A student under way. What it keeps is held here until it is complete: an earlier student of its name may be there."""

    best: BestEpoch = field(default_factory=BestEpoch)
    report: EpochReport | None = None
    weights: bytes = b""
    predictions: bytes = b""
    seconds: float = 0.0

    def take_in(self, report: TrialReport, objective: Objective) -> None:
        """Takes in an epoch."""
        self.seconds += report.epoch.seconds
        if report.best is None or report.predictions is None:
            return
        self.best = self.best.after(report.epoch.epoch, objective.score(report.epoch.metrics))
        self.report, self.weights, self.predictions = report.epoch, report.best, report.predictions


class DistillationController(QueueController[Student, StudentEnded]):
    """One distillation in progress."""

    def __init__(
        self,
        students: Sequence[Student],
        lesson: Lesson,
        store: RunStore,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Takes what is to be done; what the store's journal holds of it is not done again."""
        super().__init__(open_students(students, lesson, store.search_state), store, clock)
        self._lesson = lesson
        self._progress: dict[str, _Progress] = {}

    def start(self) -> None:
        """Records the students that are refused; they are not trained."""
        for student in list(self._waiting):
            if student.refusal is None:
                continue
            self._waiting.remove(student)
            self._record(student.name, self._failed(student, student.refusal))

    def on_report(self, name: str, report: TrialReport) -> Decision:
        """Takes in an epoch of a student; after the last one its best weights are kept, then its results recorded."""
        student, progress, epoch = self._at_work[name], self._progress[name], report.epoch.epoch
        progress.take_in(report, self._store.search_state.objective)
        is_last = epoch >= self._lesson.epochs or progress.best.is_out_of_patience(epoch, self._lesson.patience)
        if not (is_last or report.epoch.diverged):
            return Decision.CONTINUE
        if progress.report is None:
            self._record(name, self._end(student, "diverged", epochs=epoch, seconds=progress.seconds))
            return Decision.STOP
        self._store.save_weights(name, last=None, best=progress.weights, predictions=progress.predictions)
        self._record(name, self._end(student, "completed", progress.report, epochs=epoch, seconds=progress.seconds))
        return Decision.STOP

    def _assignment(self, item: Student) -> Assignment:
        self._progress[item.name] = _Progress()
        return Assignment(item.name, student_seed(item.index), item.config, teacher=self._lesson.fingerprint)

    def _failed(self, item: Student, error: str) -> StudentEnded:
        return self._end(item, "failed", error=error)

    def _end(
        self,
        student: Student,
        status: RepeatStatus,
        best: EpochReport | None = None,
        *,
        epochs: float = 0,
        seconds: float = 0.0,
        error: str | None = None,
    ) -> StudentEnded:
        self._progress.pop(student.name, None)
        return StudentEnded(
            time=self._clock(),
            student=student.name,
            trial=student.trial,
            teacher=self._lesson.teacher,
            fingerprint=self._lesson.fingerprint,
            hard_weight=self._lesson.hard_weight,
            status=status,
            parameters=student.parameters,
            epochs=epochs,
            seconds=seconds,
            best_epoch=None if best is None else best.epoch,
            train_loss=None if best is None else best.train_loss,
            train_accuracy=None if best is None else best.train_accuracy,
            val_loss=None if best is None else best.val_loss,
            val_metrics={} if best is None else finite(best.metrics),
            error=error,
        )
