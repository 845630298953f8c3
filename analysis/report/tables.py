"""The tables of the report: cells as people read them, each with the value that it sorts by."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.columns import config_of, non_embedding_parameters
from analysis.costs import accuracy_costs
from analysis.fronts import layers
from analysis.ranking import rank
from analysis.wording import network_text, percent, training_text

_DASH = "–"


@dataclass(frozen=True)
class Cell:
    """What is read, and what is sorted by where that is another thing."""

    text: str
    key: float | str


@dataclass(frozen=True)
class Row:
    """A row about a trial."""

    trial: str
    cells: list[Cell]


@dataclass(frozen=True)
class Table:
    """A table; ``numeric`` says which columns are set flush right."""

    columns: list[str]
    numeric: list[bool]
    rows: list[Row]


def trials_table(trials: pd.DataFrame) -> Table:
    """All trials with an accuracy, the most accurate first."""
    ranked = rank(trials)
    ranked["layer"] = layers(ranked)
    ranked["without"] = non_embedding_parameters(ranked)
    columns = ["trial", "accuracy", "parameters", "w/o embedding", "layer", "best epoch", "seconds", "status",
               "network", "training"]  # fmt: skip
    rows = [_trial_row(row) for row in _records(ranked)]
    return Table(columns, [False, True, True, True, True, True, True, False, False, False], rows)


def _trial_row(row: dict[str, Any]) -> Row:
    config = config_of(pd.Series(row))
    network = network_text(config)
    cells = [
        Cell(row["trial_id"], row["trial_id"]),
        _accuracy(row["val_accuracy"]),
        _number(row["parameters"]),
        _number(row["without"]),
        _number(row["layer"]),
        Cell(f"{row['best_epoch']:.0f} of {row['epochs']}", row["best_epoch"]),
        Cell(f"{row['seconds']:,.1f}", round(row["seconds"], 2)),
        Cell(row["status"], row["status"]),
        Cell(network, network),
        Cell(training_text(config), config["learning_rate"]),
    ]
    return Row(row["trial_id"], cells)


def frontier_table(trials: pd.DataFrame) -> Table:
    """The frontier from the smallest up, and what each step costs."""
    columns = ["trial", "accuracy", "parameters", "w/o embedding", "times larger", "points gained", "parameters a point",
               "network"]  # fmt: skip
    by_id = {row["trial_id"]: row for row in _records(trials)}
    rows = [
        Row(
            step["trial_id"],
            [
                Cell(step["trial_id"], step["trial_id"]),
                _accuracy(step["val_accuracy"]),
                _number(step["parameters"]),
                _number(step["non_embedding_parameters"]),
                _number(step["times_larger"], ".2f"),
                _number(step["points_gained"], "+.2f"),
                _number(step["parameters_per_point"], ",.0f"),
                Cell(network := network_text(config_of(pd.Series(by_id[step["trial_id"]]))), network),
            ],
        )
        for step in _records(accuracy_costs(trials))
    ]
    return Table(columns, [False, True, True, True, True, True, True, False], rows)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    columns = {str(name): table[name].tolist() for name in table.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _accuracy(value: float) -> Cell:
    return Cell(percent(value, 2), round(value, 6))


def _number(value: float, form: str = ",") -> Cell:
    return Cell(_DASH, -1) if pd.isna(value) else Cell(format(value, form), value)
