"""``tuner errors``: where a trial is wrong, and which labels probably are."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pandas as pd
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table

from analysis.columns import plain
from analysis.descriptions import percent
from analysis.error_analysis import ErrorAnalysis, analyse
from analysis.errors import Evaluated, evaluated
from analysis.loading import Run, load
from tuner.cli.terminal import Terminal, plain_table
from tuner.errors import InputError
from tuner.formatting import counted, shown
from tuner.metrics import ACCURACY, Objective
from tuner.operations.text_facts import facts_for
from tuner.runs.atomic import write_text_atomically

_LEAST_TEXT = 20


def errors_command(
    run: str,
    runs_dir: Path,
    *,
    trial: str | None,
    labels: bool,
    by: str | None,
    csv_file: Path | None,
    top: int,
    as_json: bool,
) -> int:
    """Prints the errors of a trial, or writes them."""
    loaded = load(run, runs_dir=runs_dir)
    one = evaluated(loaded, trial)
    found = analyse(loaded, one, facts_for(loaded, one, column=by), by=by)
    written = found.label_errors if labels else found.mistakes
    if csv_file is not None:
        _write(csv_file, _labels_csv(written) if labels else _mistakes_csv(written))
    if as_json:
        click.echo(json.dumps(_document(loaded, found, labels=labels, top=top), allow_nan=False, ensure_ascii=False))
        return 0
    console = Terminal()
    console.print(_heading(loaded, one, found), soft_wrap=True)
    if labels:
        _print_labels(console, found, top)
    else:
        _print_errors(console, found, top, loaded.objective)
    if csv_file is not None:
        console.print(f"written to {csv_file} ({counted(len(written), 'row')})", soft_wrap=True)
    elif labels:
        console.print("rows to relabel: add --csv FILE", style="dim")
    return 0


def _heading(run: Run, one: Evaluated, found: ErrorAnalysis) -> str:
    wrong, texts = len(found.mistakes), len(found.table)
    folds = f", each evaluated by the training of its fold ({len(one.folds)} folds)" if len(one.folds) > 1 else ""
    return (
        f"{run.name}, trial {one.trial}: {wrong:,} of {counted(texts, 'validation text')} wrong "
        f"({percent(wrong / texts, 1)}){folds}; rows count from 1, a header not counted{_left_out(found)}"
    )


def _left_out(found: ErrorAnalysis) -> str:
    return "" if not found.has_gaps else ", nor rows that could not be read"


def _print_labels(console: Console, found: ErrorAnalysis, top: int) -> None:
    table = found.label_errors
    console.print(
        f"\nlabels that are probably wrong: {counted(int(table['likely'].sum()), 'text')} by confident learning, the most "
        "suspicious first (score: one less the probability of the given label). Only these texts are ranked: the model was "
        "trained on the others.",
        soft_wrap=True,
    )
    rows = [
        [*_place(found, row), str(row["given"]), str(row["suggested"]), f"{row['score']:.4f}", row["text"]]
        for row in _records(table.head(top))
    ]
    console.print(_texts_table([*_place_names(found), "given", "suggested", "score", "text"], rows, console.width))


def _print_errors(console: Console, found: ErrorAnalysis, top: int, objective: Objective) -> None:
    console.print("\nmost confident mistakes:")
    rows = [
        [*_place(found, row), str(row["label"]), str(row["predicted"]), f"{row['confidence']:.4f}", row["text"]]
        for row in _records(found.mistakes.head(top))
    ]
    console.print(_texts_table([*_place_names(found), "label", "predicted", "confidence", "text"], rows, console.width))
    if len(found.confused):
        console.print("\nclasses most confused:")
        pairs = [
            [str(row["label"]), str(row["predicted"]), f"{row['texts']:,}", percent(row["share"], 1),
             found.table.loc[row["examples"][0], "text"]]
            for row in _records(found.confused.head(top))
        ]  # fmt: skip
        console.print(
            _texts_table(["label", "predicted", "texts", "of the class", "for instance"], pairs, console.width)
        )
    for name, table in found.slices.items():
        console.print(f"\nby {name}:")
        console.print(_slice_table(table, objective))
    differ = found.disagreement
    if differ is not None:
        console.print(
            f"\ntrial {differ.small} (smallest of the frontier) is wrong and {differ.large} (best) right on "
            f"{counted(len(differ.gained), 'text')}; the other way round on {differ.lost:,}:",
            soft_wrap=True,
        )
        first = found.frontier_texts
        rows = [[*_place(found, row), str(row["label"]), row["text"]] for row in _records(first.head(top))]
        console.print(_texts_table([*_place_names(found), "label", "text"], rows, console.width))


def _slice_table(table: pd.DataFrame, objective: Objective) -> Table:
    extra = [] if objective == ACCURACY else [objective.key]
    names = ["", "texts", "accuracy", "95 % interval", *([objective.metric.title] if extra else [])]
    shown_table = plain_table(names, left=("",))
    for row in _records(table):
        figures = ["-" if pd.isna(row[name]) else f"{row[name]:.4f}" for name in extra]
        shown_table.add_row(
            str(row["group"]),
            f"{row['texts']:,}",
            f"{row['accuracy']:.4f}",
            f"{row['low']:.4f} to {row['high']:.4f}",
            *figures,
        )
    return shown_table


def _place_names(found: ErrorAnalysis) -> list[str]:
    return ["file", "row"] if found.has_files else ["row"]


def _place(found: ErrorAnalysis, row: dict[str, Any]) -> list[str]:
    return [*([row["file"]] if found.has_files else []), str(row["row"])]


def _texts_table(names: list[str], rows: list[list[str]], width: int) -> Table:
    """Rows whose last cell is a text, escaped and cut to what is left of the width."""
    others = sum(max([len(name), *(cell_len(row[place]) for row in rows)]) + 2 for place, name in enumerate(names[:-1]))
    room = max(width - others, _LEAST_TEXT)
    table = plain_table(names, left=("file", "label", "predicted", "given", "suggested", names[-1]))
    for *cells, text in rows:
        table.add_row(*cells, _cut(shown(text, room), room))
    return table


def _cut(text: str, room: int) -> str:
    """A text in so many cells of a terminal, of which an emoji, or a Chinese character, takes two."""
    return text if cell_len(text) <= room else set_cell_size(text, room - 1).rstrip() + "…"


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _labels_csv(table: pd.DataFrame) -> str:
    return _csv(["file", "row", "text", "given", "suggested", "score", "likely"], table)


def _mistakes_csv(table: pd.DataFrame) -> str:
    return _csv(["file", "row", "text", "label", "predicted", "confidence"], table)


def _csv(names: list[str], table: pd.DataFrame) -> str:
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    for row in _records(table[names]):
        writer.writerow([f"{value:.6f}" if isinstance(value, float) else value for value in row.values()])
    return buffer.getvalue()


def _write(path: Path, content: str) -> None:
    try:
        write_text_atomically(path, content)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror}); choose another file", option="csv_file", value=path
        ) from None


def _document(run: Run, found: ErrorAnalysis, *, labels: bool, top: int) -> dict[str, Any]:
    document: dict[str, Any] = {
        "run": run.name,
        "trial": found.trial,
        "texts": len(found.table),
        "wrong": len(found.mistakes),
        "rows": "counted from 1, a header not counted",
    }
    if labels:
        return {**document, "label_errors": _plain(found.label_errors.head(top))}
    differ = found.disagreement
    frontier: dict[str, Any] | None = None
    if differ is not None:
        frontier = {
            "small": differ.small, "large": differ.large, "gained": len(differ.gained), "lost": differ.lost,
            "texts": _plain(found.frontier_texts.head(top)),
        }  # fmt: skip
    return {
        **document,
        "mistakes": _plain(found.mistakes.head(top)),
        "confused": _plain(found.confused.drop(columns="examples").head(top)),
        "slices": {name: _plain(table) for name, table in found.slices.items()},
        "frontier": frontier,
    }


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {name: plain(value) for name, value in row.items()}
        for row in _records(table.drop(columns="by", errors="ignore"))
    ]
