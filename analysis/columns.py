"""What the columns of the tables mean, and the checks that they are there."""

from typing import Any

import pandas as pd

from tuner.errors import InputError
from tuner.metrics import Objective

CONFIG = "config/"
"""What the columns of hyperparameters begin with."""


def require(table: pd.DataFrame, *columns: str) -> None:
    """Refuses a table that lacks a column.

    Raises:
        InputError: naming the first column that is missing.
    """
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError(f"the table has no column {missing[0]!r}; give the trials or epochs of a loaded run")


def scored(trials: pd.DataFrame, objective: Objective) -> pd.DataFrame:
    """The trials that have finished an epoch, those with a value of the objective.

    Raises:
        InputError: where the table is not one of trials.
    """
    require(trials, "trial_id", objective.column, "parameters")
    return trials[trials[objective.column].notna()]


def with_size(trials: pd.DataFrame, objective: Objective, cost: str = "parameters") -> pd.DataFrame:
    """The trials that have finished an epoch and whose cost is known (of other tools' trials, it may not be).

    Args:
        trials: as in ``Run.trials``.
        objective: what the search pursued.
        cost: a column: "parameters", or one that ``tuner.costs.with_costs`` adds.

    Raises:
        InputError: where the table is not one of trials.
    """
    usable = scored(trials, objective)
    require(trials, cost)
    return usable[usable[cost].notna()]


def scores(trials: pd.DataFrame, objective: Objective) -> "pd.Series[float]":
    """The objective of each trial, turned so that higher is better."""
    return objective.turned(trials[objective.column])


def non_embedding_parameters(trials: pd.DataFrame) -> "pd.Series[int]":
    """Parameters outside the table of word vectors: what computes, as against what is looked up."""
    require(trials, "parameters", "embedding_parameters")
    return (trials["parameters"] - trials["embedding_parameters"]).rename("non_embedding_parameters")


def config_of(row: "pd.Series[Any]") -> dict[str, Any]:
    """The hyperparameters in a row of trials, by name."""
    return {str(name).removeprefix(CONFIG): value for name, value in row.items() if str(name).startswith(CONFIG)}


def plain(value: Any) -> Any:
    """A cell as a plain Python value, None where it is missing."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A dictionary of plain values for each row."""
    return [{str(name): plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def varied(trials: pd.DataFrame) -> list[str]:
    """Names of the hyperparameters of which the trials have more than one value, in the order of the columns."""
    names = [str(name) for name in trials.columns if str(name).startswith(CONFIG)]
    return [name.removeprefix(CONFIG) for name in names if trials[name].nunique() > 1]
