"""What callers hear of a running search, as plain records."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tuner.runs.search_state import SearchState, TrialRecord


@dataclass(frozen=True)
class Epoch:
    """A trial has finished an epoch, or a part of one.

    Attributes:
        trial: its id.
        epoch: epochs that it has been trained, a fraction where the last is not complete.
        metrics: of the validation texts, by name; None where one is not defined.
        val_loss, train_loss: mean cross-entropy in nats; of a custom model its own loss.
        seconds: of the (part of the) epoch, evaluation included.
    """

    trial: str
    epoch: int | float
    metrics: dict[str, float | None]
    val_loss: float | None
    train_loss: float | None
    seconds: float


@dataclass(frozen=True)
class Trial:
    """A trial has ended.

    Attributes:
        trial: its id.
        status: "completed", "stopped", "diverged" or "failed".
        config: its hyperparameters.
        parameters: None where a custom model was never built.
        value: the metric that the search pursues, at the best epoch; None before the first.
        best_epoch: 0 before the first.
        epochs: that it was trained for.
        seconds: of all of them.
        error: why it failed.
    """

    trial: str
    status: str
    config: dict[str, Any]
    parameters: int | None
    value: float | None
    best_epoch: int | float
    epochs: int | float
    seconds: float
    error: str | None


class Callbacks:
    """Tells objects with ``on_epoch``, ``on_trial`` or ``on_end`` what has happened since they heard last.

    An error in one of these methods is told once, as a warning, and that method is not called again; the search goes on.
    """

    def __init__(self, listeners: Sequence[object], known: SearchState | None = None) -> None:
        """Takes the objects; what a resumed search held before is not told again."""
        self._listeners = tuple(listeners)
        self._broken: set[tuple[int, str]] = set()
        self._epochs: dict[str, int] = {}
        self._ended: set[str] = set()
        if known is not None:
            self._epochs = {record.trial: len(record.epochs) for record in known.trials.values()}
            self._ended = {record.trial for record in known.trials.values() if record.ended}

    def show(self, search_state: SearchState) -> None:
        """Called several times a second."""
        if not self._listeners:
            return
        for record in list(search_state.trials.values()):
            if record.trial in self._ended:
                continue
            for event in record.epochs[self._epochs.get(record.trial, 0) :]:
                epoch = Epoch(
                    event.trial, event.epoch, dict(event.metrics), event.val_loss, event.train_loss, event.seconds
                )
                self._tell("on_epoch", epoch)
            self._epochs[record.trial] = len(record.epochs)
            if record.ended:
                self._ended.add(record.trial)
                self._tell("on_trial", _trial(record))

    def end(self, run: object) -> None:
        """The search is over, for whatever reason."""
        self._tell("on_end", run)

    def _tell(self, method: str, what: object) -> None:
        for number, listener in enumerate(self._listeners):
            call: Callable[[object], object] | None = getattr(listener, method, None)
            if call is None or (number, method) in self._broken:
                continue
            try:
                call(what)
            except Exception as error:  # noqa: BLE001  whatever a caller's code raises, the search goes on
                self._broken.add((number, method))
                warnings.warn(
                    f"{type(listener).__name__}.{method} raised {type(error).__name__}: {error}; it is not called again",
                    RuntimeWarning,
                    stacklevel=2,
                )


def _trial(record: TrialRecord) -> Trial:
    return Trial(
        record.trial,
        record.status,
        dict(record.config),
        record.parameters,
        record.value,
        record.best.epoch if record.best else 0,
        record.last_epoch,
        record.seconds,
        record.error,
    )
