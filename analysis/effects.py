"""Accuracy by hyperparameter, alone and in pairs: what was observed, not what would have been."""

from typing import Any

import pandas as pd

from analysis.binning import grouped
from analysis.columns import CONFIG, varied, with_accuracy

_EFFECTS = ["hyperparameter", "value", "trials", "lowest", "q1", "median", "q3", "highest"]


def effects(trials: pd.DataFrame) -> pd.DataFrame:
    """A row for each value (or range of values) of each hyperparameter that varies, with the best accuracies of the trials
    that have it: ``hyperparameter``, ``value``, ``trials``, ``lowest``, ``q1``, ``median``, ``q3``, ``highest``.

    Trials that were stopped early count with what they had reached.
    """
    usable = with_accuracy(trials)
    tables = [_effect(usable, name) for name in varied(usable)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=_EFFECTS)


def _effect(usable: pd.DataFrame, name: str) -> pd.DataFrame:
    groups = usable["val_accuracy"].groupby(grouped(usable[CONFIG + name]), observed=True)
    table = groups.agg(["size", "min", "median", "max"]).set_axis(["trials", "lowest", "median", "highest"], axis=1)
    table["q1"], table["q3"] = groups.quantile(0.25), groups.quantile(0.75)
    table = table.rename_axis("value").reset_index().assign(hyperparameter=name)
    return table.astype({"value": str})[_EFFECTS]


def interactions(trials: pd.DataFrame, names: list[str] | None = None) -> pd.DataFrame:
    """Mean best accuracy of the trials that share two values, for every pair of hyperparameters that vary.

    Columns: ``first``, ``second`` (names), ``first_value``, ``second_value``, ``trials``, ``mean_accuracy``. Combinations that
    nobody tried have no row.

    Args:
        trials: as in ``Run.trials``.
        names: only pairs of these hyperparameters; None for all that vary.
    """
    usable = with_accuracy(trials)
    chosen = varied(usable) if names is None else [name for name in names if name in varied(usable)]
    groups = {name: grouped(usable[CONFIG + name]) for name in chosen}
    tables = [
        _pair(usable, groups, chosen[i], chosen[j]) for i in range(len(chosen)) for j in range(i + 1, len(chosen))
    ]
    columns = ["first", "second", "first_value", "second_value", "trials", "mean_accuracy"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _pair(usable: pd.DataFrame, groups: dict[str, "pd.Series[Any]"], first: str, second: str) -> pd.DataFrame:
    keys = [groups[first].rename("first_value"), groups[second].rename("second_value")]
    table = usable["val_accuracy"].groupby(keys, observed=True).agg(["size", "mean"]).reset_index()
    table = table.rename(columns={"size": "trials", "mean": "mean_accuracy"}).assign(first=first, second=second)
    return table.astype({"first_value": str, "second_value": str})
