"""``tuner predict``: how predictions are printed."""

import csv
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import click

from tuner.cli.predict_texts import TextSource, text_source
from tuner.cli.spelling import with_options
from tuner.export.predictor import Prediction, Predictor
from tuner.formatting import duration_text, shown

Style = Literal["table", "json", "csv"]

_SECONDS_BETWEEN_LINES = 5.0
_SHOWN_CHARACTERS = 80


Row = tuple[dict[str, object], Prediction]
"""What tells a row of a table apart, and the answer to its text."""


def predict_command(
    model_dir: Path, texts: tuple[str, ...], file: Path | None, text_column: tuple[str, ...], *, style: Style
) -> int:
    """Classifies and prints, a chunk at a time: of lines, no more than a thousand texts are in memory."""
    predictor = Predictor(model_dir)
    source = text_source(texts, file, named=text_column, trained_on=predictor.text_columns)
    for note in source.notes:
        click.echo(f"note: {with_options(note)}", err=True)
    predictions: Iterator[Prediction] = _with_progress(predictor.predict(source.texts), source)
    # Bad input mostly shows in the first thousand texts: nothing is printed before these are answered.
    predictions = chain([next(predictions)], predictions)
    _PRINTERS[style](predictor, tuple(source.ids), _with_ids(predictions, source))
    return 0


def _with_ids(predictions: Iterable[Prediction], source: TextSource) -> Iterator[Row]:
    for number, prediction in enumerate(predictions):
        yield {name: cells[number] for name, cells in source.ids.items()}, prediction


def _with_progress(predictions: Iterable[Prediction], source: TextSource) -> Iterator[Prediction]:
    """The predictions, and every five seconds a line on standard error."""
    started = told = time.monotonic()
    for number, prediction in enumerate(predictions, start=1):
        if number == 1:
            told = time.monotonic()  # it waited for the model to be loaded, which says nothing of the others
        yield prediction
        now = time.monotonic()
        if now - told >= _SECONDS_BETWEEN_LINES and number != source.count:
            told = now
            click.echo(_standing(number, source.count, now - started), err=True)


def _standing(done: int, count: int | None, seconds: float) -> str:
    speed = f"{done / seconds:,.0f} a second"
    if count is None:
        return f"{done:,} texts, {speed}"
    left = duration_text((count - done) * seconds / done)
    return f"{done:,} of {count:,} texts ({done / count:.0%}), {speed}, about {left} left"


def _print_table(predictor: Predictor, ids: Sequence[str], rows: Iterable[Row]) -> None:
    width = max(len("label"), *(len(label) for label in predictor.labels))
    click.echo("  ".join([*ids, f"{'label':<{width}}", "probability", "text"]))
    for own, one in rows:
        cells = [f"{own[name]!s:<{len(name)}}" for name in ids]
        text = shown(one.text, _SHOWN_CHARACTERS)
        click.echo("  ".join([*cells, f"{one.label:<{width}}", f"{one.probability:11.4f}", text]))


def _print_json(predictor: Predictor, ids: Sequence[str], rows: Iterable[Row]) -> None:
    """One document, written while it comes into being: an array of any length needs no memory."""
    head = json.dumps({"model": str(predictor.folder), "labels": predictor.labels})
    click.echo(f'{head[:-1]}, "predictions": [', nl=False)
    for number, (own, one) in enumerate(rows):
        answer = {"text": one.text, "label": one.label, "label_id": one.label_id, "probabilities": one.probabilities}
        click.echo(("," if number else "") + "\n" + json.dumps({**own, **answer}, default=str), nl=False)
    click.echo("\n]}")


def _print_csv(predictor: Predictor, ids: Sequence[str], rows: Iterable[Row]) -> None:
    # click finds an encoding that can say what the texts say, where standard output has none.
    writer = csv.writer(SimpleNamespace(write=partial(click.echo, nl=False)), lineterminator="\n")
    writer.writerow([*ids, "text", "label", "label_id", *(f"p_{label}" for label in predictor.labels)])
    for own, one in rows:
        shares = (f"{value:.6f}" for value in one.probabilities)
        writer.writerow([*own.values(), one.text, one.label, one.label_id, *shares])


_PRINTERS: dict[Style, Callable[[Predictor, Sequence[str], Iterable[Row]], None]] = {
    "table": _print_table,
    "json": _print_json,
    "csv": _print_csv,
}
