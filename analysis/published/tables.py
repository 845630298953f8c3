"""The published tables as data, and which trial and epoch of a run each printed row stands against."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import yaml

from analysis.columns import CONFIG, scored
from analysis.loading import Run
from search_spaces.config import TrialConfig
from tuner.errors import InputError
from tuner.metrics import ACCURACY

_FOLDER = Path(__file__).parent
_SYSTEM = ("system", "accuracy", "parameters", "split", "source")


@dataclass(frozen=True)
class PublishedTable:
    """A table as a report printed it.

    Attributes:
        name: of its file.
        report: number of the report ("000" to "004"), None for other work.
        title: what it shows.
        data: name of the data set.
        split: what its accuracy is of.
        setting: hyperparameters that all its rows share.
        comparable: a sentence on what keeps its rows from being compared with others number by number.
        rows: one row per result; hyperparameters are named as in ``TrialConfig``, the rest as in a run's tables.
    """

    name: str
    report: str | None
    title: str
    data: str
    split: Literal["test", "validation"]
    setting: Mapping[str, Any]
    comparable: str
    rows: pd.DataFrame

    @property
    def source(self) -> str:
        """Where it was printed, in a few words."""
        return f"report {self.report}" if self.report else "other work"

    @property
    def hyperparameters(self) -> list[str]:
        """Its columns that are hyperparameters."""
        return [name for name in self.rows.columns if name in TrialConfig.model_fields]


@cache
def published_tables() -> Mapping[str, PublishedTable]:
    """All tables by name."""
    described = yaml.safe_load((_FOLDER / "tables.yaml").read_text(encoding="utf-8"))
    return {name: _read(name, entry) for name, entry in described.items()}


def published_table(name: str) -> PublishedTable:
    """One table.

    Raises:
        InputError: where there is none of that name.
    """
    if name not in published_tables():
        raise InputError(f"no published table {name!r}; known: {', '.join(published_tables())}")
    return published_tables()[name]


def _read(name: str, entry: Mapping[str, Any]) -> PublishedTable:
    rows = pd.read_csv(_FOLDER / f"{name}.csv")
    if "parameters" in rows:
        rows["parameters"] = rows["parameters"].astype("Int64")
    entry = {**entry, "comparable": " ".join(entry["comparable"].split())}
    return PublishedTable(name=name, rows=rows, **entry)


def tables_for(data: str) -> pd.DataFrame:
    """Every published accuracy on a data set, one row per system, the most accurate first; no row for an unknown data set.

    Args:
        data: name of the data set: "imdb", "airline" or "trec".

    Returns:
        Columns ``system`` (str), ``accuracy`` (0 to 1), ``parameters`` (Int64, missing where none were printed), ``split``
        ("test" or "validation": what the accuracy is of) and ``source`` (report or paper). A row with both accuracies in
        print gives two; a system that several tables print, one.
    """
    parts = [_systems(table) for table in published_tables().values() if table.data == data]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in _SYSTEM}).astype(
            {"accuracy": "float64", "parameters": "Int64"}
        )
    found = pd.concat(parts, ignore_index=True)
    found = found.sort_values("parameters", kind="stable").drop_duplicates(["system", "split", "source"])
    return found.sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)


def _systems(table: PublishedTable) -> pd.DataFrame:
    rows = table.rows.assign(system=system_names(table), source=table.rows.get("source", table.source))
    if "parameters" not in rows:
        rows["parameters"] = pd.array([pd.NA] * len(rows), dtype="Int64")
    parts = [
        rows[rows[column].notna()].assign(split=split).rename(columns={column: "accuracy"})[list(_SYSTEM)]
        for column, split in (("test_accuracy", "test"), ("val_accuracy", "validation"))
        if column in rows
    ]
    return pd.concat(parts, ignore_index=True)


def system_names(table: PublishedTable, *, full: bool = True) -> list[str]:
    """A name for each row: ``lstm, units 200, batch size 64, 5 epochs``.

    Args:
        table: whose rows are named.
        full: also say what all rows share; not wanted under a heading that says it.
    """
    shared = table.setting if full else {}
    return [_system(table, shared, row) for _, row in table.rows.iterrows()]


def _system(table: PublishedTable, shared: Mapping[str, Any], row: "pd.Series[Any]") -> str:
    if "system" in row:
        return str(row["system"])
    values = {**shared, **{name: row[name] for name in table.hyperparameters if pd.notna(row[name])}}
    words = [_worded(name, values[name]) for name in TrialConfig.model_fields if name in values]
    if "epochs" in row:
        words.append(f"{row['epochs']} epoch{'s' * (row['epochs'] != 1)}")
    return ", ".join(word for word in words if word) or "the same"


def _worded(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    name = name.replace("_", " ")
    if isinstance(value, (bool, np.bool_)):
        return name if value else ""
    return f"{name} {value:g}"


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
        One row per printed row, and a last one for the most accurate of our trials: ``system``, ``epochs`` (of the row, or of
        our best epoch), ``trial_id``; of val_accuracy, test_accuracy, parameters and seconds one column ``published_...`` and
        one of ours. Our test accuracy is there only after ``tuner confirm``; our seconds are of all epochs up to that one.
    """
    names = system_names(table, full=False)
    rows = [_row(run, table, name, row) for name, (_, row) in zip(names, table.rows.iterrows(), strict=True)]
    usable = scored(run.trials, ACCURACY)
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
