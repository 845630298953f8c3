"""The state of a search as a fold over its events: the same live and after a crash."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from search_spaces.families import BUILT_IN, ModelFamily, family_of
from tuner.metrics import ACCURACY, Objective
from tuner.runs.best_epoch import BestEpoch
from tuner.runs.events import (
    ConfirmationEnded,
    ConfirmationStarted,
    Decisive,
    EpochEnded,
    Event,
    FoldsSkipped,
    RepeatEnded,
    RivalEnded,
    SearchEnded,
    SearchExtended,
    SearchStable,
    SearchStarted,
    StudentEnded,
    TrialBuilt,
    TrialContinued,
    TrialEnded,
    TrialProposed,
    TrialStarted,
    TrialStatus,
    WorkerLost,
)
from tuner.runs.students import take_in


@dataclass
class TrialRecord:
    """What is known of one trial."""

    trial: str
    index: int
    config: dict[str, Any]
    parameters: int | None
    """None until a custom model was built; others are counted before."""
    embedding_parameters: int | None
    objective: Objective = ACCURACY
    fold: int | None = None
    """The fold that it is validated on, counted from 1; None without folds."""
    status: TrialStatus = "pending"
    error: str | None = None
    paused: bool = False
    """Whether it gave its place away and waits for the scheduler to call it back; its status is pending then."""
    epochs: list[EpochEnded] = field(default_factory=list)
    """Its reports: one an epoch, or several."""
    best: EpochEnded | None = None
    """The report of the highest score, the earliest where several share it; None before the first."""
    losses: int = 0
    """Workers that it lost since its last finished epoch."""

    @property
    def best_epoch(self) -> BestEpoch:
        """Number and score of the best epoch."""
        return BestEpoch(self.best.epoch, self.objective.score(self.best.metrics)) if self.best else BestEpoch()

    @property
    def score(self) -> float | None:
        """Best score of the objective so far; higher is better."""
        return self.best_epoch.score

    @property
    def value(self) -> float | None:
        """The objective's metric at the best epoch."""
        return self.best.metrics[self.objective.name] if self.best else None

    @property
    def size(self) -> int:
        """Its parameters, once they are known: of every trial that has finished an epoch.

        Raises:
            ValueError: where they are not.
        """
        if self.parameters is None:
            raise ValueError(f"trial {self.trial} has not been built yet")
        return self.parameters

    @property
    def last_epoch(self) -> int | float:
        """Epochs that it has been trained, as far as was reported; 0 before the first report."""
        return self.epochs[-1].epoch if self.epochs else 0

    def step_of(self, report: EpochEnded) -> int:
        """Which of its reports one is, counted from 1."""
        return next(number for number, known in enumerate(self.epochs, start=1) if known.epoch == report.epoch)

    @property
    def seconds(self) -> float:
        """Training and evaluation so far, compilation included."""
        return sum(epoch.seconds for epoch in self.epochs)

    @property
    def ended(self) -> bool:
        """Whether it will train no more."""
        return self.status not in ("running", "pending")


class SearchState:
    """All trials of a search in the order of their proposal, what was decided about them in the order of the journal, and
    the repeats of a confirmation.

    ``repeats`` are by model and number, ``rivals`` by name; ``family`` is that of the trials' models. ``folds`` is their
    number, 1 for none; ``reports_per_epoch`` says of how many parts an epoch is. ``configurations`` are the trials of each
    configuration by its number, in the order of the folds, and ``skipped`` says, by the trial on the first fold, which folds
    will not be trained on. ``gains`` are the expectations of proposals since the search began or was extended, and ``stable``
    says why no more are made, None where they are.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.trials: dict[str, TrialRecord] = {}
        self.history: list[Decisive] = []
        self.planned = 0
        self.objective = ACCURACY
        self.family: ModelFamily = BUILT_IN
        self.started_at: float | None = None
        self.last_event_at: float | None = None
        self.end: SearchEnded | None = None
        self.folds = self.reports_per_epoch = 1
        self.configurations: dict[int, list[TrialRecord]] = {}
        self.skipped: dict[str, FoldsSkipped] = {}
        self.gains: list[float] = []
        self.stable: SearchStable | None = None
        self.repeats: dict[tuple[str, int], RepeatEnded] = {}
        self.rivals: dict[str, RivalEnded] = {}
        self.students: dict[str, StudentEnded] = {}
        for event in events:
            self.apply(event)

    def apply(self, event: Event) -> None:  # noqa: PLR0912, PLR0915  one branch for each kind of event
        """Takes in one event. Knows every kind: a type checker says so when one is added."""
        self.last_event_at = event.time
        if isinstance(event, Decisive):
            self.history.append(event)
        match event:
            case SearchStarted():
                self.started_at = event.time if self.started_at is None else self.started_at
                self.planned = event.trials if self.stable is None else self._begun
                self.objective, self.folds = event.objective, event.folds
                self.reports_per_epoch = event.reports_per_epoch
                self.family = family_of(event.own)
                self.end = None
            case TrialProposed():
                record = TrialRecord(
                    event.trial,
                    event.index,
                    event.config,
                    event.parameters,
                    event.embedding_parameters,
                    self.objective,
                    event.fold,
                )
                self.trials[event.trial] = record
                self.gains += [] if event.gain is None else [event.gain]
                self.configurations.setdefault(event.index // self.folds, []).append(record)
            case TrialBuilt():
                record = self.trials[event.trial]
                record.parameters, record.embedding_parameters = event.parameters, event.embedding_parameters
            case TrialStarted():
                self.trials[event.trial].status = "running"
            case EpochEnded():
                self._add_epoch(self.trials[event.trial], event)
            case TrialContinued():
                record = self.trials[event.trial]
                record.paused, record.config = False, event.config
            case WorkerLost():
                record = self.trials[event.trial]
                record.status = "pending"
                record.losses += 1
            case TrialEnded():
                record = self.trials[event.trial]
                record.status, record.error, record.paused = event.status, event.error, False
            case FoldsSkipped():
                self.skipped[event.trial] = event
            case SearchStable():
                self.stable, self.planned = event, self._begun
            case SearchExtended():
                self.stable, self.planned, self.gains = None, event.trials, []
            case RivalEnded():
                self.rivals[event.rival] = event  # one that failed may be tried again
            case StudentEnded():
                if take_in(self.students, event):  # what the one before was confirmed to be says nothing of this one
                    self.repeats = {key: end for key, end in self.repeats.items() if key[0] != event.student}
            case SearchEnded():
                self.end = event
                for record in self.trials.values():
                    if record.status == "running":  # interrupted gracefully: it waits for `tuner resume`
                        record.status = "pending"
            case RepeatEnded():
                self.repeats[event.model, event.repeat] = event  # one that failed may be tried again
            case ConfirmationStarted() | ConfirmationEnded():
                pass  # they frame the repeats, and change nothing

    @staticmethod
    def _add_epoch(record: TrialRecord, event: EpochEnded) -> None:
        record.epochs.append(event)
        record.losses = 0
        if event.decision == "pause":
            record.paused, record.status = True, "pending"
        best = record.best_epoch
        if best.after(event.epoch, record.objective.score(event.metrics)) is not best:
            record.best = event

    def metrics(self) -> list[str]:
        """Names of the metrics that were reported, the objective's first."""
        reported = (event.metrics for record in self.trials.values() for event in record.epochs)
        return list(dict.fromkeys([self.objective.name, *(name for metrics in reported for name in metrics)]))

    def test_metrics(self) -> dict[str, dict[str, float | None]]:
        """Mean test metrics over the repeats of each model that has them; None where one has no such figure."""
        known: dict[str, list[dict[str, float | None]]] = {}
        for end in self.repeats.values():
            if end.test_metrics:
                known.setdefault(end.model, []).append(end.test_metrics)
        return {
            model: {name: _mean([each.get(name) for each in found]) for name in found[0]}
            for model, found in known.items()
        }

    @property
    def _begun(self) -> int:
        """Trials of the configurations that were proposed, on all folds."""
        return len(self.configurations) * self.folds

    @property
    def over(self) -> int:
        """Trials of those planned that will train no more, those on skipped folds included."""
        skipped = sum(len(event.folds) for event in self.skipped.values())
        return skipped + sum(record.ended for record in self.trials.values())

    def with_score(self) -> list[TrialRecord]:
        """Trials that have a finished epoch."""
        return [record for record in self.trials.values() if record.score is not None]


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None
