"""``tuner predict``: texts from arguments, a file or standard input, and how their predictions are printed."""

import csv
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, Literal

import click

from tuner.errors import InputError
from tuner.export.predictor import Prediction, Predictor
from tuner.formatting import duration_text, shown

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class TextSource:
    """Texts, and how many they are where that is known beforehand."""

    texts: Iterator[str]
    count: int | None


def text_source(texts: tuple[str, ...], file: Path | None) -> TextSource:
    """The texts that the user means.

    A file is read twice: first to see that all of it is text, before any answer is printed.

    Raises:
        InputError: where there is no text, or a line is not UTF-8.
    """
    if texts:
        return TextSource(iter(texts), len(texts))
    if file is not None:
        count = sum(1 for _ in _lines_of(file))
        if not count:
            raise InputError(f"--file {file}: is empty; give a file with a text a line")
        return TextSource(_lines_of(file), count)
    if sys.stdin.isatty():
        raise InputError("there is nothing to classify: give texts, --file F, or pipe lines into standard input")
    lines = _decoded(sys.stdin.buffer, "standard input")
    first = next(lines, None)
    if first is None:
        raise InputError("standard input is empty: give texts, --file F, or pipe lines into it")
    return TextSource(chain([first], lines), None)


def _lines_of(file: Path) -> Iterator[str]:
    try:
        with file.open("rb") as stream:
            yield from _decoded(stream, f"--file {file}")
    except OSError as error:
        raise InputError(f"--file {file}: cannot be read ({error.strerror or error}); give a file of texts") from None


def _decoded(stream: BinaryIO, name: str) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        try:
            yield text.rstrip(b"\r\n").decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}: line {number} is not UTF-8 (byte {text[error.start]:#04x}); convert it, "
                "for instance with iconv -t UTF-8"
            ) from None


Style = Literal["table", "json", "csv"]

_SECONDS_BETWEEN_LINES = 5.0
_SHOWN_CHARACTERS = 80


def predict_command(model_dir: Path, texts: tuple[str, ...], file: Path | None, *, style: Style) -> int:
    """Classifies and prints, a chunk at a time: no more than a thousand texts are in memory."""
    predictor = Predictor(model_dir)
    source = text_source(texts, file)
    predictions: Iterator[Prediction] = _with_progress(predictor.predict(source.texts), source)
    # Bad input mostly shows in the first thousand texts: nothing is printed before these are answered.
    predictions = chain([next(predictions)], predictions)
    _PRINTERS[style](predictor, predictions)
    return 0


def _with_progress(predictions: Iterable[Prediction], source: TextSource) -> Iterator[Prediction]:
    """The predictions, and every five seconds a line on standard error."""
    started = told = time.monotonic()
    for number, prediction in enumerate(predictions, start=1):
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


def _print_table(predictor: Predictor, predictions: Iterable[Prediction]) -> None:
    width = max(len("label"), *(len(label) for label in predictor.labels))
    click.echo(f"{'label':<{width}}  probability  text")
    for prediction in predictions:
        text = shown(prediction.text, _SHOWN_CHARACTERS)
        click.echo(f"{prediction.label:<{width}}  {prediction.probability:11.4f}  {text}")


def _print_json(predictor: Predictor, predictions: Iterable[Prediction]) -> None:
    """One document, written while it comes into being: an array of any length needs no memory."""
    head = json.dumps({"model": str(predictor.folder), "labels": predictor.labels})
    click.echo(f'{head[:-1]}, "predictions": [', nl=False)
    for number, one in enumerate(predictions):
        entry = {"text": one.text, "label": one.label, "label_id": one.label_id, "probabilities": one.probabilities}
        click.echo(("," if number else "") + "\n" + json.dumps(entry), nl=False)
    click.echo("\n]}")


def _print_csv(predictor: Predictor, predictions: Iterable[Prediction]) -> None:
    # click finds an encoding that can say what the texts say, where standard output has none.
    writer = csv.writer(SimpleNamespace(write=partial(click.echo, nl=False)), lineterminator="\n")
    writer.writerow(["text", "label", "label_id", *(f"p_{label}" for label in predictor.labels)])
    for one in predictions:
        writer.writerow([one.text, one.label, one.label_id, *(f"{value:.6f}" for value in one.probabilities)])


_PRINTERS: dict[Style, Callable[[Predictor, Iterable[Prediction]], None]] = {
    "table": _print_table,
    "json": _print_json,
    "csv": _print_csv,
}
