"""What can happen in a run: the lines of ``journal.jsonl``, as types.

Every event is one JSON object on one line with the keys ``event`` and ``time`` (seconds since 1970) beside its own.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from search_spaces.custom_space import Kind
from tuner.metrics import ACCURACY, Objective

JOURNAL_FORMAT = 2
"""Number of the journal's format that is written. Format 1, whose only metric is accuracy, is read too, any other refused."""

TrialStatus = Literal["pending", "running", "completed", "stopped", "diverged", "failed"]
EndStatus = Literal["completed", "stopped", "diverged", "failed"]
EndReason = Literal["finished", "time budget", "interrupted", "failing"]
"""Why a search is over; "failing": every trial failed for the same reason."""
RepeatStatus = Literal["completed", "diverged", "failed"]

Count = Annotated[int, Field(ge=0, lt=2**63)]
Epochs = Annotated[int | float, Field(ge=0, lt=2**63)]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    time: float


def _with_metrics(fields: Any, **places: str) -> Any:
    """The fields of an event with the accuracies of format 1 where format 2 has metrics by name."""
    if not isinstance(fields, dict) or places.keys().isdisjoint(fields):
        return fields
    rest = {name: value for name, value in fields.items() if name not in places}
    found = {place: {"accuracy": fields[name]} for name, place in places.items() if fields.get(name) is not None}
    return {**({"metrics": {}} if "metrics" in places.values() else {}), **found, **rest}


class SearchStarted(_Event):
    """The search was launched, or launched again to go on.

    ``own`` are the hyperparameters of a custom model with their types, null where the trials are of the built-in networks.
    ``folds`` is the number of folds of a cross-validation, 1 where there is none; ``reports_per_epoch`` that of the parts of
    an epoch after each of which a trial reports. ``expected`` are the wall seconds that the trials were forecast to take before
    the first of them: at least, roughly and at most; null where that is not known.
    """

    event: Literal["search_started"] = "search_started"
    format: int = JOURNAL_FORMAT
    trials: Count
    objective: Objective = ACCURACY
    own: dict[str, Kind] | None = None
    folds: int = 1
    reports_per_epoch: int = 1
    expected: tuple[float, float, float] | None = None


class TrialProposed(_Event):
    """A searcher gave a trial its configuration; it waits for a worker.

    The parameters of a custom model are null: they are counted where it is built. ``fold`` is the one that it is validated
    on, counted from 1, null in a search without folds. ``gain`` is what all configurations from this one on were
    expected to add to the hypervolume, as a share of it, null where that was not asked or is not known.
    """

    event: Literal["trial_proposed"] = "trial_proposed"
    trial: str
    index: Count
    config: dict[str, Any]
    parameters: Count | None
    embedding_parameters: Count | None
    fold: int | None = None
    gain: float | None = None


class TrialBuilt(_Event):
    """A worker built a trial of a custom model, and counted its parameters."""

    event: Literal["trial_built"] = "trial_built"
    trial: str
    parameters: Count
    embedding_parameters: Count


class TrialStarted(_Event):
    """A worker took the trial; once more after an interruption."""

    event: Literal["trial_started"] = "trial_started"
    trial: str


class EpochEnded(_Event):
    """A trial finished an epoch, or a part of one, and was told what to do.

    ``epoch`` are the epochs that it has been trained, a fraction where the last is not complete. Numbers that are not finite
    are written as null.
    """

    event: Literal["epoch"] = "epoch"
    trial: str
    epoch: Epochs
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    metrics: dict[str, float | None]
    seconds: float
    compile_seconds: float
    trace_seconds: float = 0.0  # part of compile_seconds
    tokens_per_second: float
    decision: Literal["continue", "stop", "pause"]

    @model_validator(mode="before")
    @classmethod
    def _of_format_1(cls, fields: Any) -> Any:
        return _with_metrics(fields, val_accuracy="metrics")


class TrialContinued(_Event):
    """A paused trial was given a place again.

    ``source`` is the trial whose last state it copies, null where it goes on from its own; ``config`` are its
    hyperparameters from here on.
    """

    event: Literal["trial_continued"] = "trial_continued"
    trial: str
    source: str | None
    config: dict[str, Any]

    @model_validator(mode="before")
    @classmethod
    def _of_format_1(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and "donor" in fields:
            return {"source" if name == "donor" else name: value for name, value in fields.items()}
        return fields


class WorkerLost(_Event):
    """The process or the machine that trained a trial went away; the trial waits for another and goes on."""

    event: Literal["worker_lost"] = "worker_lost"
    trial: str
    reason: str


class TrialEnded(_Event):
    """A trial will train no more."""

    event: Literal["trial_ended"] = "trial_ended"
    trial: str
    status: EndStatus
    error: str | None = None


class FoldsSkipped(_Event):
    """A configuration will not be trained on its other folds.

    ``trial`` is its trial on the first fold; ``folds`` are those that are left out.
    """

    event: Literal["folds_skipped"] = "folds_skipped"
    trial: str
    folds: tuple[int, ...]
    reason: str


class SearchStable(_Event):
    """No more configurations are proposed: going on was expected to add too little, several times in a row.

    ``gain`` is the last of these expectations, a share of the hypervolume; ``bound`` is what all of them were below. ``left``
    are the trials that are not begun, and ``seconds`` what workers would have spent on them, a forecast.
    """

    event: Literal["search_stable"] = "search_stable"
    gain: float
    bound: float
    left: Count
    seconds: float


class SearchExtended(_Event):
    """The search is to have so many trials in all; one that was stable goes on."""

    event: Literal["search_extended"] = "search_extended"
    trials: Count


class RivalEnded(_Event):
    """A rival, a linear model of n-grams, was fitted to the training texts beside the trials; or that failed.

    ``strength`` is the inverse strength of regularization that was best of those tried, ``texts`` how many it was fitted to.
    All but the name and the error are null or empty where it failed.
    """

    event: Literal["rival_ended"] = "rival_ended"
    rival: str
    parameters: Count | None = None
    strength: float | None = None
    texts: Count | None = None
    val_loss: float | None = None
    val_metrics: dict[str, float | None] = {}
    seconds: float | None = None
    error: str | None = None


class StudentEnded(_Event):
    """A student was trained: the configuration of a trial once more, on the probabilities of a teacher.

    ``teacher`` is what people call it, ``fingerprint`` the SHA-256 of all that a student is trained on and of how: the same
    command finds by it what is done. ``hard_weight`` is the share of the label in a text's loss. Results are of the best epoch;
    null or empty where no epoch had one (diverged at once), or where the student was refused or its worker broke (failed).
    """

    event: Literal["student_ended"] = "student_ended"
    student: str
    trial: str
    teacher: str
    fingerprint: str
    hard_weight: float
    status: RepeatStatus
    parameters: Count
    epochs: Epochs = 0
    seconds: float = 0.0
    best_epoch: Epochs | None = None
    train_loss: float | None = None
    train_accuracy: float | None = None
    val_loss: float | None = None
    val_metrics: dict[str, float | None] = {}
    error: str | None = None


class SearchEnded(_Event):
    """The search is over, or was interrupted gracefully."""

    event: Literal["search_ended"] = "search_ended"
    reason: EndReason


class ConfirmationStarted(_Event):
    """Models were chosen to be trained again from other seeds and evaluated on the test set; once more after a break.

    ``models`` are ids of trials, or names of baselines; ``texts`` is the size of the test set.
    """

    event: Literal["confirmation_started"] = "confirmation_started"
    models: tuple[str, ...]
    repeats: int
    texts: int


class RepeatEnded(_Event):
    """A model was trained once more, and evaluated with the weights of its best epoch.

    Repeats count from 1. The results are null where no epoch had one (diverged at once) or the worker broke (failed).
    ``offsets`` are decision thresholds, one a class (``tuner.thresholds``), that the answers follow; null where the most
    probable class is the answer.
    """

    event: Literal["repeat_ended"] = "repeat_ended"
    model: str
    repeat: int
    status: RepeatStatus
    parameters: int
    epochs: Epochs
    seconds: float
    best_epoch: Epochs | None = None
    val_loss: float | None = None
    val_metrics: dict[str, float | None] = {}
    test_loss: float | None = None
    test_metrics: dict[str, float | None] = {}
    offsets: tuple[float, ...] | None = None
    error: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_format_1(cls, fields: Any) -> Any:
        return _with_metrics(fields, val_accuracy="val_metrics", test_accuracy="test_metrics")


class ConfirmationEnded(_Event):
    """All repeats are done, or the confirmation was interrupted gracefully."""

    event: Literal["confirmation_ended"] = "confirmation_ended"
    reason: Literal["finished", "interrupted"]


Event = (
    SearchStarted
    | TrialProposed
    | TrialBuilt
    | TrialStarted
    | EpochEnded
    | TrialContinued
    | WorkerLost
    | TrialEnded
    | FoldsSkipped
    | SearchStable
    | SearchExtended
    | RivalEnded
    | StudentEnded
    | SearchEnded
    | ConfirmationStarted
    | RepeatEnded
    | ConfirmationEnded
)

Decisive = TrialProposed | EpochEnded | TrialContinued | TrialEnded | FoldsSkipped
"""What searchers and schedulers learn from."""

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def parse_event(line: bytes) -> Event:
    """One line of a journal.

    Raises:
        pydantic.ValidationError: where the line is no event.
    """
    return _ADAPTER.validate_json(line)
