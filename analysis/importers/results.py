"""Tables of another tool's trials with the columns of ours, and which of its metrics is which."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from analysis.columns import CONFIG
from tuner.errors import InputError
from tuner.metrics import ACCURACY, METRICS, Mode, Objective

_KINDS = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")
_VALIDATION = (
    *(f"val_{kind}" for kind in _KINDS),
    "validation_accuracy",
    "valid_accuracy",
    "eval_accuracy",
    "mean_accuracy",
)
_LESS_IS_BETTER = {"loss", "error", "mse", "mae", "rmse", "perplexity", "crossentropy", "entropy"}
_PARAMETERS = ("parameters", "params", "n_params", "num_params", "total_params", "model_params", "num_parameters")


@dataclass(frozen=True)
class MetricNames:
    """Which metrics of a folder are read.

    Attributes:
        objective: what the trials are ranked by.
        theirs: by column of our tables the folder's name of a metric; None for what it does not have.
    """

    objective: Objective
    theirs: Mapping[str, str | None]

    def measures(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """The metrics of an epoch by our columns; what is no number is missing."""
        return {column: _number(metrics.get(name)) if name else None for column, name in self.theirs.items()}


def find_metric_names(
    reported: Iterable[str],
    path: Path,
    *,
    metric: str | None,
    metric_mode: Mode | None,
    pursued: str | None = None,
    directions: Mapping[str, Mode] = MappingProxyType({}),
) -> tuple[MetricNames, list[str]]:
    """The names among those reported, and a note where a guess was needed.

    Args:
        reported: names of metrics in the folder.
        path: the folder, for messages.
        metric: the one that the user wants to rank by; None for the validation accuracy, else what the folder's search pursued,
            else an accuracy of any kind.
        metric_mode: what is better of it, as the user says; None to find it.
        pursued: the metric that the folder's search pursued, where that is known.
        directions: what is better of metrics, where the folder says.

    Raises:
        InputError: where the metric that is asked for is not there, or none is asked for and none fits.
    """
    there = set(reported)
    notes: list[str] = []
    if metric is not None and metric not in there:
        raise InputError(
            f"{path} has no such metric; choose one of {', '.join(sorted(there)) or 'another folder: there are none'}",
            option="metric",
            value=metric,
        )
    accuracy = _first(_VALIDATION, there)
    found = metric or accuracy or pursued
    if found is None:
        found = _first(_KINDS, there)
        if found is None:
            raise _nothing_to_rank_by(path, there)
        notes.append(f"There is no validation accuracy: {found} is taken for it, which may be that of training.")
    name = ACCURACY.name if found in (*_VALIDATION, *_KINDS) else found.removeprefix("val_")
    mode = metric_mode or directions.get(found) or (METRICS[name].mode if name in METRICS else None)
    if mode is None:
        mode = "min" if set(name.lower().split("_")) & _LESS_IS_BETTER else "max"
        better = "more" if mode == "max" else "less"
        notes.append(f"The folder does not say what is better of {found}: {better} is taken for it (metric_mode).")
    objective = Objective(name, mode)
    training = _first(tuple(kind for kind in ("train_accuracy", *_KINDS) if kind != found), there)
    theirs = {
        "train_loss": _first(("train_loss", "loss"), there),
        "train_accuracy": training,
        "val_loss": _first(("val_loss", "validation_loss", "valid_loss", "eval_loss"), there),
        "val_accuracy": accuracy,
        objective.column: found,
    }
    return MetricNames(objective, theirs), notes


def _nothing_to_rank_by(path: Path, there: set[str]) -> InputError:
    if not there:
        return InputError(f"{path}: its trials have reported no metric yet; wait for one, or give another folder")
    example = min(there, key=lambda name: (not name.startswith("val_"), name))
    return InputError(
        f"{path}: none of its metrics is called an accuracy ({', '.join(sorted(there))}); name the one to rank by, for "
        f"instance `metric='{example}'`"
    )


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


@dataclass(frozen=True)
class ImportedResults:
    """The trials of another tool's folder.

    Attributes:
        path: the folder.
        tool: "Ray Tune" or "KerasTuner".
        trials: one row per trial, the columns of ``Run.trials``: metrics at the epoch of the best value of the objective, not
            at the last one; what the folder does not say is missing.
        epochs: one row per trial and epoch, the columns of ``Run.epochs`` without ``tokens_per_second``.
        notes: sentences on what was read and what was left out.
        objective: the metric that they are ranked by.

    >>> analysis.load_ray_tune("tests/analysis/imported/ray_tune").objective.name
    'accuracy'
    """

    path: Path
    tool: str
    trials: pd.DataFrame
    epochs: pd.DataFrame
    notes: tuple[str, ...]
    objective: Objective

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def candidates(self) -> pd.DataFrame:
        """What is chosen from: the trials."""
        return self.trials

    @property
    def label(self) -> str:
        """One line for a title: name, tool, trials."""
        return f"{self.name}: {self.tool}, {len(self.trials):,} trials"


@dataclass
class ImportedTrial:
    """A trial as a reader found it.

    Attributes:
        epochs: by number, from 1: the metrics as the tool names them, and ``seconds``.
        parameters: trainable numbers, where the folder says.
        score: the best value of what the tool pursued, where the folder says.
    """

    trial: str
    status: str
    config: Mapping[str, Any]
    epochs: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    parameters: int | None = None
    error: str | None = None
    score: float | None = None


def results_of(
    path: Path, tool: str, trials: Sequence[ImportedTrial], names: MetricNames, notes: Sequence[str]
) -> ImportedResults:
    """The tables of these trials."""
    epochs = [
        {"trial_id": trial.trial, "epoch": number, **names.measures(metrics), "seconds": metrics.get("seconds")}
        for trial in trials
        for number, metrics in sorted(trial.epochs.items())
    ]
    objective, measures = names.objective, list(names.theirs)
    epoch_table = pd.DataFrame(epochs, columns=["trial_id", "epoch", *measures, "seconds"])
    epoch_table = epoch_table.astype(dict.fromkeys([*measures, "seconds"], "float64") | {"epoch": "int64"})
    config = list(dict.fromkeys(name for trial in trials for name in trial.config))
    known = epoch_table.dropna(subset=[objective.column])
    best = known.loc[objective.turned(known[objective.column]).groupby(known["trial_id"]).idxmax()].set_index(
        "trial_id"
    )
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
            **{name: ids.map(best[name]) for name in reversed(measures)},
            best_epoch=ids.map(best["epoch"]),
            epochs=[max(trial.epochs, default=0) for trial in trials],
            seconds=ids.map(spent),
            **dict.fromkeys(("test_accuracy", objective.test_column), float("nan")),
            error=pd.Series([trial.error for trial in trials], dtype="str"),
        ),
        epoch_table,
        tuple(notes),
        objective,
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
