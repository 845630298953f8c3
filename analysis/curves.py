"""Learning curves, and where the time of a search went."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from analysis.columns import require
from analysis.loading import Results, Run
from analysis.ranking import By, rank
from tuner.runs.events import (
    ConfirmationEnded,
    ConfirmationStarted,
    EpochEnded,
    RepeatEnded,
    SearchStarted,
    StudentEnded,
)
from tuner.runs.journal import read_journal


def overfitting_epochs(epochs: pd.DataFrame) -> "pd.Series[Any]":
    """The epoch where overfitting begins, by trial: the first report after the lowest validation loss (the earliest of equals).

    Trials whose validation loss was lowest in their last epoch are left out: they had not begun to overfit.

    >>> analysis.overfitting_epochs(run.epochs)["00012"].item()
    5
    """
    require(epochs, "trial_id", "epoch", "val_loss")
    known = epochs[epochs["val_loss"].notna()].sort_values(["trial_id", "epoch"])
    turns = known.loc[known.groupby("trial_id")["val_loss"].idxmin()].set_index("trial_id")["epoch"]
    later = epochs[epochs["epoch"] > epochs["trial_id"].map(turns).astype(float)]
    return later.groupby("trial_id")["epoch"].min().rename("overfitting_epoch")


def learning_curves(run: Results, *, top: int = 5, by: By = "metric") -> pd.DataFrame:
    """One row per epoch of the ``top`` trials, best first: ``trial_id``, ``epoch``, losses and objective of training (where
    they were measured) and validation, and ``overfitting`` (True from the epoch where it begins).

    >>> analysis.learning_curves(run, top=1)["val_accuracy"].tolist()[-2:]
    [0.98125, 0.9875]
    """
    trials = run.candidates[run.candidates["trial_id"].isin(run.epochs["trial_id"])]  # students keep no epochs
    chosen = rank(trials, by=by, top=top, objective=run.objective)["trial_id"].tolist()
    curves = run.epochs[run.epochs["trial_id"].isin(chosen)]
    begins = curves["trial_id"].map(overfitting_epochs(run.epochs)).astype(float)
    columns = ("train_loss", f"train_{run.objective.key}", "val_loss", run.objective.column)
    measures = [name for name in dict.fromkeys(columns) if name in curves]
    curves = curves[["trial_id", "epoch", *measures]].assign(overfitting=(curves["epoch"] >= begins).astype(bool))
    order = curves["trial_id"].map({trial: place for place, trial in enumerate(chosen)})
    return curves.assign(_order=order).sort_values(["_order", "epoch"]).drop(columns="_order").reset_index(drop=True)


@dataclass(frozen=True)
class WallTime:
    """How long a search took.

    Attributes:
        seconds: from the moment when its data were ready, pauses between sessions left out.
        expected: the seconds that were forecast before it, at least, roughly and at most; None where that was not done.

    >>> analysis.wall_time(run).expected
    """

    seconds: float
    expected: tuple[float, float, float] | None


@dataclass
class _Clock:
    """Sums over the events of a journal."""

    tracing: float = 0.0
    compiling: float = 0.0
    working: float = 0.0
    wall: float = 0.0
    start: float = 0.0
    expected: tuple[float, float, float] | None = None
    session_start: float | None = None
    last: float = 0.0
    steady: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def close_session(self) -> None:
        if self.session_start is not None:
            self.wall += self.last - self.session_start


def time_spent(run: Run) -> pd.DataFrame:
    """Seconds of the workers by what they did, summed over all workers: columns ``what``, ``seconds``, ``share``.

    "training" (evaluation included), "tracing" (TensorFlow makes a graph), "compiling" (XLA makes a program of it, and first
    calls otherwise), and "waiting": workers times wall time of all sessions, less the three (starting workers, waiting for a
    trial, weights on the way). The shares are of these four. "saved by early stopping"
    is an estimate: the epochs that stopped trials were spared, at each trial's own mean epoch without compilation; its
    share is of what the search would have taken with them. Pauses between an interruption and its resumption do not count, and
    confirmations and distillations are no part of the search.

    >>> analysis.time_spent(run)["what"].tolist()
    ['training', 'tracing', 'compiling', 'waiting', 'saved by early stopping']
    """
    clock = _read_clock(run)
    waiting = max(0.0, clock.wall * run.settings.resources.concurrency - clock.working)
    seconds = [clock.working - clock.tracing - clock.compiling, clock.tracing, clock.compiling, waiting]
    total, saved = sum(seconds), _saved(run, clock.steady)
    shares = [part / total if total else 0.0 for part in seconds]
    return pd.DataFrame(
        {
            "what": ["training", "tracing", "compiling", "waiting", "saved by early stopping"],
            "seconds": [*seconds, saved],
            "share": [*shares, saved / (total + saved) if saved else 0.0],
        }
    )


def wall_time(run: Run) -> WallTime:
    """How long a search took, all its sessions together, and what had been forecast before it.

    >>> 0 < analysis.wall_time(run).seconds < 3600
    True
    """
    clock = _read_clock(run)
    return WallTime(clock.wall + clock.start, clock.expected)


_AFTERWARDS = (ConfirmationStarted, RepeatEnded, ConfirmationEnded, StudentEnded)


def _read_clock(run: Run) -> _Clock:
    clock = _Clock()
    for event in read_journal(run.folder.journal):
        if isinstance(event, SearchStarted):
            if clock.session_start is None:
                clock.expected = event.expected
                clock.start = max(0.0, event.time - datetime.fromisoformat(run.settings.created).timestamp())
            clock.close_session()
            clock.session_start = event.time
        elif isinstance(event, EpochEnded):
            clock.tracing += event.trace_seconds
            clock.compiling += event.compile_seconds - event.trace_seconds
            clock.working += event.seconds
            clock.steady[event.trial].append(event.seconds - event.compile_seconds)
        if not isinstance(event, _AFTERWARDS):
            clock.last = event.time
    clock.close_session()
    return clock


def _saved(run: Run, steady: dict[str, list[float]]) -> float:
    stopped = set(run.trials.loc[run.trials["status"] == "stopped", "trial_id"])
    return sum(
        (run.settings.epochs * run.settings.reports_per_epoch - len(epochs)) * sum(epochs) / len(epochs)
        for trial, epochs in steady.items()
        if trial in stopped
    )
