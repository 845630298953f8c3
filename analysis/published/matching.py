"""A published table beside a run: which trial, and which of its epochs, each printed row stands against."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.columns import CONFIG, with_accuracy
from analysis.loading import Run
from analysis.published.tables import PublishedTable, system_names

_SAME = 1e-6  # relative: rates are printed with so many digits

_COMPARED = ("val_accuracy", "test_accuracy", "parameters", "seconds")


def having(trials: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """The trials with these hyperparameters; floating-point numbers are compared to six digits."""
    kept = np.ones(len(trials), dtype=bool)
    for name, value in values.items():
        column = trials[CONFIG + name]
        if isinstance(value, (float, np.floating)):
            kept &= np.isclose(column.astype("float64"), float(value), rtol=_SAME, atol=0.0)
        else:
            kept &= (column == value).to_numpy(dtype=bool)
    return trials[kept]


def beside(run: Run, table: PublishedTable) -> pd.DataFrame:
    """The published rows with what the run has in their place.

    A row that says after how many epochs it was measured is set beside that epoch of the trial, any other beside the trial's
    best. Where no trial has the row's hyperparameters (it was not reached, or the space is continuous), ours is missing.

    Returns:
        A row a printed row, and a last one for the most accurate of our trials: ``system``, ``epochs`` (of the row, or of our
        best epoch), ``trial_id``; of val_accuracy, test_accuracy, parameters and seconds one column ``published_...`` and one
        of ours. Our test accuracy is there only after ``tuner confirm``; our seconds are those of all epochs up to that one.
    """
    names = system_names(table, full=False)
    rows = [_row(run, table, name, row) for name, (_, row) in zip(names, table.rows.iterrows(), strict=True)]
    usable = with_accuracy(run.trials)
    if len(usable):
        best = usable.sort_values("val_accuracy", ascending=False).iloc[0]
        rows.append(
            {
                "system": f"the most accurate of our {len(usable)} trial{'s' * (len(usable) != 1)}",
                **_ours(run, best, None),
            }
        )
    whole, real = ("published_parameters", "parameters", "epochs"), ("val_accuracy", "test_accuracy", "seconds")
    types = dict.fromkeys(whole, "Int64")
    types |= {f"{side}{name}": "float64" for name in real for side in ("", "published_")}
    return pd.DataFrame(rows).astype(types)


def _row(run: Run, table: PublishedTable, system: str, row: "pd.Series[Any]") -> dict[str, Any]:
    published = {f"published_{name}": row.get(name) for name in _COMPARED}
    epoch = None if pd.isna(row.get("epochs")) else int(row["epochs"])
    wanted = {name: row[name] for name in table.hyperparameters if pd.notna(row[name])}
    searched = {name: value for name, value in {**table.setting, **wanted}.items() if CONFIG + name in run.trials}
    found = having(run.trials, searched)
    found = found[found["val_accuracy"].notna()].sort_values("val_accuracy", ascending=False)
    return {"system": system, **published, **_ours(run, None if found.empty else found.iloc[0], epoch)}


def _ours(run: Run, trial: "pd.Series[Any] | None", epoch: int | None) -> dict[str, Any]:
    nothing = {"epochs": epoch, "trial_id": None, "val_accuracy": None, "test_accuracy": None}
    if trial is None:
        return {**nothing, "parameters": None, "seconds": None}
    epoch = int(trial["best_epoch"]) if epoch is None else epoch
    epochs = run.epochs[run.epochs["trial_id"] == trial["trial_id"]]
    at = epochs[epochs["epoch"] == epoch]
    best = epoch == trial["best_epoch"]
    return {
        "epochs": epoch,
        "trial_id": trial["trial_id"],
        "val_accuracy": None if at.empty else at["val_accuracy"].iloc[0],
        "test_accuracy": trial["test_accuracy"] if best else None,
        "parameters": trial["parameters"],
        "seconds": None if at.empty else epochs[epochs["epoch"] <= epoch]["seconds"].sum(),
    }
