"""Tables of another tool's trials with the columns of ours, and which of its metrics is which."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.columns import CONFIG
from tuner.errors import InputError
from tuner.metrics import ACCURACY, Objective

_KINDS = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")
_VALIDATION = (
    *(f"val_{kind}" for kind in _KINDS),
    "validation_accuracy",
    "valid_accuracy",
    "eval_accuracy",
    "mean_accuracy",
)
_PARAMETERS = ("parameters", "params", "n_params", "num_params", "total_params", "model_params", "num_parameters")


@dataclass(frozen=True)
class MetricNames:
    """How a folder names what we measure; None for what it does not have."""

    val_accuracy: str
    val_loss: str | None
    train_accuracy: str | None
    train_loss: str | None

    def measures(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """The metrics of an epoch under our names; what is no number is missing."""
        names = vars(self)
        return {ours: _number(metrics.get(theirs)) if theirs else None for ours, theirs in names.items()}


def find_metric_names(reported: Iterable[str], path: Path, *, accuracy: str | None) -> tuple[MetricNames, list[str]]:
    """The names among those reported, and a note where a guess was needed.

    Args:
        reported: names of metrics in the folder.
        path: the folder, for messages.
        accuracy: what the user says the validation accuracy is called, None to find it.

    Raises:
        InputError: where no metric looks like an accuracy, or the one that is asked for is not there.
    """
    there = set(reported)
    notes: list[str] = []
    if accuracy is not None and accuracy not in there:
        raise InputError(f"{path}: no metric {accuracy!r}; there are {', '.join(sorted(there)) or 'none'}")
    found = accuracy or _first(_VALIDATION, there)
    if found is None:
        found = _first(_KINDS, there)
        if found is None:
            raise InputError(
                f"{path}: none of its metrics is called an accuracy ({', '.join(sorted(there)) or 'there are none'}); "
                "name the one to use with accuracy=NAME"
            )
        notes.append(f"There is no validation accuracy: {found} is taken for it, which may be that of training.")
    training = _first(tuple(kind for kind in ("train_accuracy", *_KINDS) if kind != found), there)
    names = MetricNames(
        val_accuracy=found,
        val_loss=_first(("val_loss", "validation_loss", "valid_loss", "eval_loss"), there),
        train_accuracy=training,
        train_loss=_first(("train_loss", "loss"), there),
    )
    return names, notes


def parameters_in(metrics: Mapping[str, Any], config: Mapping[str, Any]) -> int | None:
    """The parameter count that a trial reports or is set to, None where it says nothing of the kind."""
    for source in (metrics, config):
        for name in _PARAMETERS:
            value = _number(source.get(name))
            if value is not None and math.isfinite(value):
                return int(value)
    return None


def _first(names: Iterable[str], there: set[str]) -> str | None:
    return next((name for name in names if name in there), None)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


_MEASURES = ["train_loss", "train_accuracy", "val_loss", "val_accuracy"]


@dataclass(frozen=True)
class ImportedResults:
    """The trials of another tool's folder.

    Attributes:
        path: the folder.
        tool: "Ray Tune" or "KerasTuner".
        trials: one row per trial, the columns of ``Run.trials``: metrics at the epoch of the highest validation accuracy, not
            at the last one; what the folder does not say is missing.
        epochs: one row per trial and epoch, the columns of ``Run.epochs`` without ``tokens_per_second``.
        notes: sentences on what was read and what was left out.
        objective: the metric that they are ranked by.
    """

    path: Path
    tool: str
    trials: pd.DataFrame
    epochs: pd.DataFrame
    notes: tuple[str, ...]
    objective: Objective = ACCURACY

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def label(self) -> str:
        """One line for a title: name, tool, trials."""
        return f"{self.name}: {self.tool}, {len(self.trials):,} trials"


@dataclass
class ForeignTrial:
    """A trial as a reader found it.

    Attributes:
        epochs: by number, from 1: the metrics as the tool names them, and ``seconds``.
        parameters: trainable numbers, where the folder says.
    """

    trial: str
    status: str
    config: Mapping[str, Any]
    epochs: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    parameters: int | None = None
    error: str | None = None


def results_of(
    path: Path, tool: str, trials: Sequence[ForeignTrial], names: MetricNames, notes: Sequence[str]
) -> ImportedResults:
    """The tables of these trials."""
    epochs = [
        {"trial_id": trial.trial, "epoch": number, **names.measures(metrics), "seconds": metrics.get("seconds")}
        for trial in trials
        for number, metrics in sorted(trial.epochs.items())
    ]
    epoch_table = pd.DataFrame(epochs, columns=["trial_id", "epoch", *_MEASURES, "seconds"])
    epoch_table = epoch_table.astype(dict.fromkeys([*_MEASURES, "seconds"], "float64") | {"epoch": "int64"})
    config = list(dict.fromkeys(name for trial in trials for name in trial.config))
    known = epoch_table.dropna(subset=["val_accuracy"])
    best = known.loc[known.groupby("trial_id")["val_accuracy"].idxmax()].set_index("trial_id")
    spent = epoch_table.groupby("trial_id")["seconds"].sum(min_count=1)
    table = pd.DataFrame(
        {
            "trial_id": [trial.trial for trial in trials],
            "status": [trial.status for trial in trials],
            **{CONFIG + name: [_value(trial.config.get(name)) for trial in trials] for name in config},
            "parameters": pd.array([trial.parameters for trial in trials], dtype="Int64"),
            "embedding_parameters": pd.array([None] * len(trials), dtype="Int64"),
        }
    )
    ids = table["trial_id"]
    return ImportedResults(
        path,
        tool,
        table.assign(
            **{name: ids.map(best[name]) for name in ("val_accuracy", "val_loss", "train_accuracy", "train_loss")},
            best_epoch=ids.map(best["epoch"]),
            epochs=[max(trial.epochs, default=0) for trial in trials],
            seconds=ids.map(spent),
            test_accuracy=float("nan"),
            error=pd.Series([trial.error for trial in trials], dtype="str"),
        ),
        epoch_table,
        tuple(notes),
    )


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by their path: ``{"optimizer": {"rate": 1}}`` becomes ``{"optimizer/rate": 1}``."""
    found: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}/")
        else:
            found[prefix + name] = value
    return found


def _value(value: Any) -> Any:
    """What a cell can hold: a list as its JSON."""
    return json.dumps(value) if isinstance(value, list) else value
