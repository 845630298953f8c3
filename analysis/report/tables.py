"""The tables of the report: cells as people read them, each with the value that it sorts by."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.class_words import ClassWords
from analysis.columns import config_of, non_embedding_parameters
from analysis.costs import PARAMETERS, Cost
from analysis.descriptions import network_text, percent, training_text, value_text
from analysis.ensembles import Ensemble
from analysis.frontier import accuracy_costs, pareto_ranks
from analysis.loading import Results, Run
from analysis.predictions import per_class
from analysis.ranking import rank
from tuner.formatting import epochs_text
from tuner.metrics import ACCURACY, Objective

_WORDS = 20


@dataclass(frozen=True)
class Cell:
    """What is read, and what is sorted by where that is another thing."""

    text: str
    key: float | str


@dataclass(frozen=True)
class Row:
    """A row about a trial, whose id a click on it takes; empty where it is about something else."""

    trial: str
    cells: list[Cell]


@dataclass(frozen=True)
class Table:
    """A table; ``numeric`` says which columns are set flush right."""

    columns: list[str]
    numeric: list[bool]
    rows: list[Row]


def trials_table(run: Results, cost: Cost) -> Table:
    """All trials that have finished an epoch, or with folds the configurations of most folds, the best first.

    Those of which another cost is not known come last.
    """
    ranked = rank(run.candidates, objective=run.objective)
    ranked["layer"] = pareto_ranks(ranked, objective=run.objective, cost=cost.column).astype("Int64")
    ranked["without"] = non_embedding_parameters(ranked)
    columns = ["trial", run.objective.metric.title, "parameters", "w/o embedding", "layer", "best epoch", "seconds",
               "status", "network", "training"]  # fmt: skip
    numeric = [False, True, True, True, True, True, True, False, False, False]
    if "folds" in ranked:
        columns[2:2], numeric[2:2] = ["± between folds", "folds"], [True, True]
    if cost != PARAMETERS:
        columns.insert(columns.index("layer"), cost.title)
        numeric.insert(0, False)
        numeric[columns.index(cost.title)] = True
    return Table(columns, numeric, [_trial_row(row, run.objective, cost) for row in _records(ranked)])


def _trial_row(row: dict[str, Any], objective: Objective, cost: Cost) -> Row:
    config = config_of(pd.Series(row))
    network = network_text(config)
    cells = [
        Cell(row["trial_id"], row["trial_id"]),
        value_cell(row[objective.column], objective),
        *([value_cell(row["spread"], objective), number_cell(row["folds"])] if "folds" in row else []),
        number_cell(row["parameters"]),
        number_cell(row["without"]),
        *([] if cost == PARAMETERS else [cost_cell(row[cost.column], cost)]),
        number_cell(row["layer"]),
        Cell(f"{epochs_text(row['best_epoch'])} of {epochs_text(row['epochs'])}", row["best_epoch"]),
        number_cell(row["seconds"], ",.1f"),
        Cell(row["status"], row["status"]),
        Cell(network, network),
        Cell(training_text(config), config.get("learning_rate", "")),
    ]
    return Row(row["trial_id"], cells)


def classes_table(run: Run, trial: str) -> Table | None:
    """How a trial does on each class of the validation texts, None where its predictions are not kept."""
    if not run.folder.validation(trial).exists():
        return None
    rows = [
        Row(
            "",
            [
                Cell(label["label"], label["label"]),
                number_cell(label["texts"]),
                *(value_cell(label[name], ACCURACY) for name in ("precision", "recall", "f1")),
                Cell(label["mostly_taken_for"] or "–", label["mostly_taken_for"] or ""),
            ],
        )
        for label in _records(per_class(run, trial))
    ]
    columns = ["class", "texts", "precision", "recall", "F1", "mostly taken for"]
    return Table(columns, [False, True, True, True, True, False], rows)


def frontier_table(run: Results, cost: Cost) -> Table:
    """The frontier from the smallest up, and what each step costs."""
    objective, others = run.objective, [] if cost == PARAMETERS else [cost.title]
    columns = ["trial", objective.metric.title, *others, "parameters", "w/o embedding",
               "times larger" if cost == PARAMETERS else f"times the {cost.noun}", "points gained",
               f"{cost.title} a point", "network"]  # fmt: skip
    by_id = {row["trial_id"]: row for row in _records(run.candidates)}
    rows = [
        Row(
            step["trial_id"],
            [
                Cell(step["trial_id"], step["trial_id"]),
                value_cell(step[objective.column], objective),
                *(cost_cell(step[cost.column], cost) for _ in others),
                number_cell(step["parameters"]),
                number_cell(step["non_embedding_parameters"]),
                number_cell(step["times_larger"], ".2f"),
                number_cell(step["points_gained"], "+.2f"),
                cost_cell(step[f"{cost.column}_per_point"], cost),
                Cell(network := network_text(config_of(pd.Series(by_id[step["trial_id"]]))), network),
            ],
        )
        for step in _records(accuracy_costs(run.candidates, objective=objective, cost=cost.column))
    ]
    return Table(columns, [False, *[True] * (len(columns) - 2), False], rows)


def words_tables(found: ClassWords) -> list[tuple[str, Table]]:
    """By class the words that decide most for it."""
    columns = ["word", "weight", "texts"]
    return [
        (
            label,
            Table(
                columns,
                [False, True, True],
                [
                    Row(
                        "",
                        [
                            Cell(row["word"], row["word"]),
                            number_cell(row["weight"], "+.2f"),
                            number_cell(row["texts"]),
                        ],
                    )
                    for row in _records(found.top(label, _WORDS))
                ],
            ),
        )
        for label in found.labels
    ]


def ensemble_table(found: Ensemble) -> Table:
    """The members of an ensemble, with what they have alone, and all together."""
    rows = [
        Row(
            member.name,
            [
                Cell(member.name, member.name),
                Cell(percent(member.weight), member.weight),
                value_cell(member.value, found.objective),
                number_cell(member.parameters),
            ],
        )
        for member in found.members
    ]
    together = [
        Cell("all together", "all together"),
        Cell(percent(1.0), 1.0),
        value_cell(found.value, found.objective),
        number_cell(found.parameters),
    ]
    columns = ["member", "weight", found.objective.metric.title, "parameters"]
    return Table(columns, [False, True, True, True], [*rows, Row("", together)])


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    columns = {str(name): table[name].tolist() for name in table.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def value_cell(value: float | None, objective: Objective) -> Cell:
    """A value of a metric."""
    return _missing() if value is None or pd.isna(value) else Cell(value_text(value, objective, 2), round(value, 6))


def number_cell(value: float | None, form: str = ",") -> Cell:
    """A number, a dash where it is missing or has no bound."""
    return _missing() if value is None or pd.isna(value) or math.isinf(value) else Cell(format(value, form), value)


def cost_cell(value: float | None, cost: Cost) -> Cell:
    """So much of a cost, as ``number_cell``."""
    return number_cell(value, f",.{cost.digits}f")


def _missing() -> Cell:
    return Cell("–", -1)
