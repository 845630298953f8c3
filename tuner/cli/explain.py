"""``tuner explain``: texts with coloured words, and their weights."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from analysis.columns import records
from analysis.loading import load
from tuner.cli.predict_texts import text_source
from tuner.cli.spelling import with_options
from tuner.cli.terminal import Terminal, plain_table
from tuner.export.explanation import BLUE, ORANGE, Explanation, explain
from tuner.export.predictor import Predictor
from tuner.formatting import counted
from tuner.operations.explanations import by_gradients, measured_words, one_model, one_trial, sampled_texts

_STRONG, _NOTABLE = 0.5, 0.1
"""Shares of the greatest weight: from the first on a word is on a ground of its colour, from the second on in it."""

_BLUE, _ORANGE = "#3b8edb", "#d9752b"
"""Of words without a ground: the charts' blue and orange, to be read on black and on white."""

_JOINERS = "\u200c\u200d"  # make one emoji or one syllable of several characters


@dataclass(frozen=True)
class _Explainer:
    """A model that explains its answers.

    Attributes:
        model: where it lies.
        labels: names of the classes.
        text_columns: the columns that the training texts were in.
        explain: from a text and a class, None for the predicted one.
        weight: what a weight is, in words.
    """

    model: str
    labels: Sequence[str]
    text_columns: tuple[str, ...]
    explain: Callable[[str, str | None], Explanation]
    weight: str


def _by_leaving_out(folder: Path) -> _Explainer:
    predictor = Predictor(folder)
    return _Explainer(
        str(predictor.folder), predictor.labels, predictor.text_columns, partial(explain, predictor),
        "what the log-odds lose without the word",
    )  # fmt: skip


def _by_gradients(run: str, runs_dir: Path, trial: str) -> _Explainer:
    model = one_model(run, runs_dir, trial)
    return _Explainer(
        f"{model.run}/{model.trial}", model.encoder.labels, model.settings.data.text_column, by_gradients(model),
        "the word's share of the log-odds, by integrated gradients",
    )  # fmt: skip


def explain_command(
    model: Path,
    texts: tuple[str, ...],
    file: Path | None,
    text_column: tuple[str, ...],
    *,
    class_name: str | None,
    gradients: bool,
    trial: str,
    runs_dir: Path,
    as_json: bool,
) -> int:
    """Explains one text after the other."""
    explainer = _by_gradients(str(model), runs_dir, trial) if gradients else _by_leaving_out(model)
    source = text_source(texts, file, named=text_column, trained_on=explainer.text_columns)
    for note in source.notes:
        click.echo(f"note: {with_options(note)}", err=True)
    explained = (
        ({name: cells[number] for name, cells in source.ids.items()}, explainer.explain(text, class_name))
        for number, text in enumerate(source.texts)
    )
    if as_json:
        document = {
            "model": explainer.model,
            "labels": explainer.labels,
            "explanations": [{**ids, **_document(one)} for ids, one in explained],
        }
        click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False, default=str))
        return 0
    console = Terminal()
    for ids, one in explained:
        place = "".join(f"{name} {value}: " for name, value in ids.items())
        console.print(Text.assemble(place, (one.heading(), "bold")))
        console.print(coloured(one))
        for note in one.notes:
            console.print(f"note: {note}", style="dim")
        console.print(_table(one))
        console.print()
    console.print(
        Text.assemble(f"weight: {explainer.weight}; ", ("for", BLUE), " the class above zero, ").append_text(
            Text.assemble(("against", ORANGE), " it below; at: place of the word's first character, from 0")
        ),
        style="dim",
    )
    return 0


def words_command(run: str, runs_dir: Path, *, trial: str, sample: int, top: int, as_json: bool) -> int:
    """Measures which words decide for each class, keeps that in the run, and prints it."""
    loaded = load(run, runs_dir=runs_dir)
    name = one_trial(loaded, trial)
    console = Terminal(stderr=as_json)
    texts = sampled_texts(loaded, sample)
    console.print(
        f"{loaded.name}, trial {name}: leaving out each word of {counted(len(texts), 'validation text')} ...",
        style="dim",
    )
    found = measured_words(loaded, name, texts)
    if as_json:
        document = {"run": loaded.name, "trial": name, "texts": found.texts, "words": found.table.to_dict("records")}
        click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
        return 0
    for label in found.labels:
        console.print(f"\nfor {label}:")
        shown_words = plain_table(["word", "weight", "texts"], left=("word",))
        for row in records(found.top(label, top)):
            shown_words.add_row(row["word"], f"{row['weight']:+.2f}", f"{row['texts']:,}")
        console.print(shown_words)
    console.print(
        "\nweight: what the log-odds of the class lose without the word, the mean over its texts; ordered by the sum over "
        f"them; kept in the run, for the report: python -m tuner report {loaded.folder.reference}",
        style="dim",
    )
    return 0


def coloured(explanation: Explanation) -> Text:
    """The text with its words in colour, whatever it holds: nothing of it reaches the terminal as a command."""
    text = Text()
    for piece, share in explanation.pieces():
        ground, colour = (BLUE, _BLUE) if share > 0 else (ORANGE, _ORANGE)
        style = f"bold white on {ground}" if abs(share) >= _STRONG else colour if abs(share) >= _NOTABLE else ""
        text.append("".join(map(_printable, piece)), style)
    return text


def _printable(character: str) -> str:
    if character.isprintable() or character == "\n" or character in _JOINERS:
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode()


def _table(explanation: Explanation) -> Table:
    table = plain_table(["word", "at", "weight"], left=("word",))
    for word, start, weight in explanation.top()[["word", "start", "weight"]].itertuples(index=False):
        table.add_row("".join(map(_printable, word)), f"{start:,}", f"{weight:+.2f}")
    return table


def _document(explanation: Explanation) -> dict[str, Any]:
    return {
        "text": explanation.text,
        "predicted": explanation.predicted,
        "label": explanation.label,
        "probability": explanation.probability,
        "notes": explanation.notes,
        "words": explanation.words.to_dict("records"),
    }
