"""What every tracker has in common: trials are told, epoch by epoch, once each, whatever happened in between.

Nothing is noted here of what was told. A tracker is asked when it is opened: it alone knows what arrived before a process was
killed, or a connection broke; it is asked from any machine and of any copy of the run; and one that was emptied, or is
another, is told all.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tuner.metrics import metric_column
from tuner.runs.events import EpochEnded
from tuner.runs.folder import RunFolder
from tuner.runs.search_state import SearchState, TrialRecord
from tuner.runs.settings import SearchSettings
from tuner.tracking.run_log import RunLog


@dataclass
class Told:
    """What a tracker knows of a trial.

    Attributes:
        key: by which the tracker knows it.
        epochs: how many of its epochs were told.
        ended: whether its end was.
    """

    key: str
    epochs: int = 0
    ended: bool = False


class Tracker(ABC):
    """A tracker that is open, of one run.

    Attributes:
        place: where the tracker is: a folder, or a URL.
        log: the run.
        models: folders of exported models of the run, by trial; for trackers that keep models.
        new: how many trials and epochs this tracker was told since it was opened.
    """

    def __init__(self, place: str, folder: RunFolder, settings: SearchSettings, log: RunLog) -> None:
        self.place, self.folder, self.settings, self.log = place, folder, settings, log
        self.models: Mapping[str, Path] = {}
        self.new = [0, 0]
        self._known: dict[str, Told] = {}

    @abstractmethod
    def open(self) -> dict[str, Told]:
        """Connects, makes a place for the run where there is none, and asks what is known of its trials."""

    @abstractmethod
    def begin(self, record: TrialRecord) -> str:
        """Makes a place for a trial, with its hyperparameters; returns its key."""

    @abstractmethod
    def add(self, key: str, record: TrialRecord, epochs: list[EpochEnded]) -> None:
        """Tells epochs of a trial."""

    @abstractmethod
    def end(self, key: str, record: TrialRecord) -> None:
        """Tells how a trial ended."""

    @abstractmethod
    def finish(self) -> None:
        """Tells what is known at the end: the frontier, test figures, the report. Once more after a resumption."""

    @property
    @abstractmethod
    def look(self) -> str:
        """The command or the address at which it can be looked at."""

    @abstractmethod
    def close(self) -> None:
        """Gives files and connections back."""

    def connect(self) -> None:
        """Opens it."""
        self._known = self.open()

    def catch_up(self) -> None:
        """Tells what the journal has and the tracker has not."""
        for record in self.records():
            told = self._known.get(record.trial)
            if told is None:
                told = self._known[record.trial] = Told(self.begin(record))
                self.new[0] += 1
            if told.ended:
                continue
            epochs = record.epochs[told.epochs :]
            if epochs:
                self.add(told.key, record, epochs)
                told.epochs += len(epochs)
                self.new[1] += len(epochs)
            if record.ended:
                self.end(told.key, record)
                told.ended = True

    def records(self) -> list[TrialRecord]:
        """The trials that can be told, in the order of their proposal."""
        return self.log.tellable()

    @property
    def trials(self) -> int:
        """How many trials the tracker knows."""
        return len(self._known)

    def key_of(self, trial: str) -> str | None:
        """The key of a trial that was told."""
        told = self._known.get(trial)
        return None if told is None else told.key

    @property
    def state(self) -> SearchState:
        """The run as its journal has it."""
        return self.log.state


def scalars(epoch: EpochEnded) -> dict[str, float]:
    """The figures of an epoch by the columns of ``epochs.parquet``; those that are no numbers are left out."""
    found = {
        "train_loss": epoch.train_loss,
        "train_accuracy": epoch.train_accuracy,
        "val_loss": epoch.val_loss,
        **{metric_column("val", name): value for name, value in epoch.metrics.items()},
        "seconds": epoch.seconds,
        "tokens_per_second": epoch.tokens_per_second,
    }
    return {name: value for name, value in found.items() if value is not None}


def best_figures(record: TrialRecord) -> dict[str, float]:
    """The parameters of a trial, and its metrics at its best epoch, by ``best_`` and the column."""
    found: dict[str, float | None] = {"parameters": record.parameters}
    if record.best is not None:
        found["best_epoch"] = record.best.epoch
        found["best_val_loss"] = record.best.val_loss
        found |= {f"best_{metric_column('val', name)}": value for name, value in record.best.metrics.items()}
    return {name: float(value) for name, value in found.items() if value is not None}
