"""Tables of another tool's trials, with the columns of ours."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.columns import CONFIG
from analysis.foreign.metric_names import MetricNames

_MEASURES = ["train_loss", "train_accuracy", "val_loss", "val_accuracy"]


@dataclass(frozen=True)
class ForeignResults:
    """The trials of another tool's folder.

    Attributes:
        path: the folder.
        tool: "Ray Tune" or "KerasTuner".
        trials: a row a trial, the columns of ``Run.trials``: metrics at the epoch of the highest validation accuracy, not at
            the last one; what the folder does not say is missing.
        epochs: a row a trial and epoch, the columns of ``Run.epochs`` without ``tokens_per_second``.
        notes: sentences on what was read and what was left out.
    """

    path: Path
    tool: str
    trials: pd.DataFrame
    epochs: pd.DataFrame
    notes: tuple[str, ...]

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
) -> ForeignResults:
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
    return ForeignResults(
        path,
        tool,
        table.assign(
            **{
                measure: ids.map(best[measure])
                for measure in ("val_accuracy", "val_loss", "train_accuracy", "train_loss")
            },
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
