"""What the report says of errors: tables that fold, with texts cut short, or without any."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.columns import records
from analysis.error_analysis import ErrorAnalysis
from analysis.report.tables import Cell, Row, Table, number_cell, value_cell
from tuner.formatting import counted, share_text, shown
from tuner.metrics import ACCURACY, Objective

_ROWS = 20
_CHARACTERS = 240


@dataclass(frozen=True)
class Fold:
    """A part that opens by a click: its line and its tables."""

    summary: str
    tables: list[Table]


@dataclass(frozen=True)
class Errors:
    """The section on errors: a sentence, what folds, and what is left out."""

    lead: str
    folds: list[Fold]
    note: str


def errors_section(found: ErrorAnalysis, objective: Objective, *, with_texts: bool) -> Errors:
    """The section.

    Args:
        found: the analysis of a trial.
        objective: the run's.
        with_texts: whether texts of the data may stand in the report.
    """
    texts = len(found.table)
    lead = (
        f"Trial {found.trial} is wrong on {len(found.mistakes):,} of {counted(texts, 'validation text')} "
        f"({share_text(len(found.mistakes) / texts)}), at its best epoch."
    )
    place = "Rows count from 1, a header not counted."
    note = place if with_texts else f"{place} Every text of the data is left out of this report, as was asked."
    return Errors(lead, _folds(found, objective, with_texts=with_texts), note)


def _folds(found: ErrorAnalysis, objective: Objective, *, with_texts: bool) -> list[Fold]:
    likely = int(found.label_errors["likely"].sum())
    folds = [
        Fold(
            "Most confident mistakes", [_texts(found, found.mistakes, ["label", "predicted", "confidence"], with_texts)]
        ),
        Fold(
            f"Labels that are probably wrong: {counted(likely, 'text')} by confident learning",
            [_texts(found, found.label_errors, ["given", "suggested", "score"], with_texts)],
        ),
        Fold("Classes most confused", [_confused(found, with_texts)]),
        Fold(
            "Accuracy by kind of text, with 95 % intervals",
            [_slices(name, table, objective) for name, table in found.slices.items()],
        ),
    ]
    differ = found.disagreement
    if differ is not None:
        line = (
            f"What the smallest of the frontier, {differ.small}, gets wrong and the best, {differ.large}, right: "
            f"{counted(len(differ.gained), 'text')}, and the other way round {differ.lost:,}"
        )
        folds.append(Fold(line, [_texts(found, found.frontier_texts, ["label"], with_texts)]))
    return folds


def _texts(found: ErrorAnalysis, table: pd.DataFrame, columns: list[str], with_texts: bool) -> Table:
    places = [*(["file"] if found.has_files else []), "row"]
    names = [*places, *columns, *(["text"] if with_texts else [])]
    rows = [Row("", [_cell(name, row[name]) for name in names]) for row in records(table[names].head(_ROWS))]
    return Table(names, [name in ("row", "confidence", "score") for name in names], rows)


def _confused(found: ErrorAnalysis, with_texts: bool) -> Table:
    names = ["label", "predicted", "texts", "of the class", *(["for instance"] if with_texts else [])]
    rows = [
        Row(
            "",
            [
                _cell("label", row["label"]),
                _cell("predicted", row["predicted"]),
                number_cell(row["texts"]),
                Cell(share_text(row["share"]), row["share"]),
                *([_cell("text", found.table.loc[row["examples"][0], "text"])] if with_texts else []),
            ],
        )
        for row in found.confused.head(_ROWS).to_dict("records")
    ]
    return Table(names, [name in ("texts", "of the class") for name in names], rows)


def _slices(name: str, table: pd.DataFrame, objective: Objective) -> Table:
    extra = [] if objective == ACCURACY else [objective.key]
    columns = [name, "texts", "accuracy", "low", "high", *([objective.metric.title] if extra else [])]
    rows = [
        Row(
            "",
            [
                _cell("label", row["group"]),
                number_cell(row["texts"]),
                *(value_cell(row[one], ACCURACY) for one in ("accuracy", "low", "high")),
                *(value_cell(row[one], objective) for one in extra),
            ],
        )
        for row in table.to_dict("records")
    ]
    return Table(columns, [False, *[True] * (len(columns) - 1)], rows)


def _cell(name: str, value: Any) -> Cell:
    if name == "text":
        text = shown(value, _CHARACTERS)
        return Cell(text, text)
    if name == "row":
        return Cell(str(value), value)
    if isinstance(value, float):
        return Cell(f"{value:.4f}", value)
    return Cell(f"{value:,}" if isinstance(value, int) else str(value), value)
