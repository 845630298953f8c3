"""Which words of a text mattered to an exported model: each is left out once, and the model asked again."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tuner.data.word_spans import word_spans
from tuner.errors import InputError
from tuner.export.predictor import Predictor
from tuner.formatting import counted, listed, shown

MOST_WORDS = 400
"""How many words of a text are left out in turn: each is one more text for the model."""

BLUE, ORANGE = "#1d5c9e", "#c4561b"
"""For a class and against it: told apart by colour-blind readers, and the charts' own."""

Span = tuple[int, int]

_SHOWN_WORDS = 10
_RGB = {colour: ", ".join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5)) for colour in (BLUE, ORANGE)}


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each word of a text did to the log-odds of a class. Displays with coloured words in a notebook.

    Attributes:
        text: as it was given.
        predicted: the model's answer.
        label: the class that is explained.
        probability: of that class.
        words: one row per word, in their order: ``word`` as the model reads it, ``start`` and ``end`` in the characters of the
            text, and ``weight``, the log-odds of the class less those without the word. Above zero it speaks for the class.
        notes: a sentence on each kind of words that have no weight.
    """

    text: str
    predicted: str
    label: str
    probability: float
    words: pd.DataFrame
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        strongest = ", ".join(f"{word} {weight:+.2f}" for word, weight in self.top(3)[["word", "weight"]].to_numpy())
        return f"<{self.label} {self.probability:.4f}: {strongest}>"

    def top(self, count: int = _SHOWN_WORDS) -> pd.DataFrame:
        """The rows of the words that mattered most, for the class or against it; of equal ones the first in the text."""
        order = self.words["weight"].abs().sort_values(ascending=False, kind="stable").index
        return self.words.loc[order[:count]].reset_index(drop=True)

    def heading(self) -> str:
        """The class and its probability, and what was predicted where that is another one."""
        other = "" if self.label == self.predicted else f"; predicted: {self.predicted}"
        return f"{self.label} {self.probability:.4f}{other}"

    def pieces(self) -> Iterator[tuple[str, float]]:
        """The whole text in pieces, each with its weight as a share (-1 to 1) of the greatest; 0 for what is no word."""
        greatest = float(self.words["weight"].abs().max()) or 1.0
        place = 0
        for start, end, weight in self.words[["start", "end", "weight"]].itertuples(index=False):
            yield self.text[place:start], 0.0
            yield self.text[start:end], weight / greatest
            place = end
        yield self.text[place:], 0.0

    def _repr_html_(self) -> str:
        text = "".join(_coloured(piece, share) for piece, share in self.pieces())
        rows = "".join(
            f"<tr><td style='text-align:left'>{html.escape(word)}</td>"
            f"<td style='text-align:right'>{start:,}</td><td style='text-align:right'>{weight:+.2f}</td></tr>"
            for word, start, weight in self.top()[["word", "start", "weight"]].itertuples(index=False)
        )
        label, notes = html.escape(self.label), "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return (
            f"<div><p><b>{html.escape(self.heading())}</b> ({_coloured('for', 1)} and {_coloured('against', -1)} {label})</p>"
            f"<p style='white-space:pre-wrap;line-height:1.8'>{text}</p>{notes}"
            "<table><thead><tr><th style='text-align:left'>word</th><th>at</th><th>weight</th></tr></thead>"
            f"<tbody>{rows}</tbody></table></div>"
        )


@dataclass(frozen=True, eq=False)
class LeftOut:
    """A text as a model answers it, whole and without each of its words in turn.

    Attributes:
        predicted: the label of the whole.
        probabilities: float64 ``[1 + words, classes]``, those of the whole first.
        words: that were left out, as the model reads them, in their order.
        spans: where each stands in the text.
        read: how many words the model reads.
        all_words: how many the text has.
    """

    predicted: str
    probabilities: NDArray[np.float64]
    words: list[str]
    spans: list[Span]
    read: int
    all_words: int


def left_out(predictor: Predictor, text: str) -> LeftOut | None:
    """Asks a model for a text without each of its words, 400 at most; None where it reads no word of it.

    A text that is too long for the model is cut first, so that no other word moves up into the place of one that is left out.

    Raises:
        InputError: where the model cannot be loaded.
    """
    tokenizer, max_length = predictor.reading()
    spans = word_spans(text, tokenizer)
    if not spans:
        return None
    read = tokenizer.cut(spans, max_length)
    chosen = tokenizer.cut(read, MOST_WORDS)
    parts = [(0, len(text))] if read == spans else _parts_read(len(text), read, tokenizer.kept(max_length))
    variants = [parts, *(_without(parts, span) for span in chosen)]
    answers = list(predictor.predict(" ".join(text[start:end] for start, end in one) for one in variants))
    return LeftOut(
        predicted=answers[0].label,
        probabilities=np.array([one.probabilities for one in answers]),
        words=[" ".join(tokenizer.tokenize(text[start:end])) for start, end in chosen],
        spans=chosen,
        read=len(read),
        all_words=len(spans),
    )


def explain(predictor: Predictor, text: str, class_name: str | None = None) -> Explanation:
    """Explains an answer by leaving out one word at a time.

    A word's weight is the log-odds of the class, log(p / (1 - p)), less the log-odds without the word.

    Args:
        predictor: the model.
        text: raw.
        class_name: the class to explain, by default the predicted one.

    Raises:
        InputError: where the model has no such class, reads no word of the text, or cannot be loaded.
    """
    if class_name is not None and class_name not in predictor.labels:
        raise InputError(
            f"the model has no such class; give one of {listed(predictor.labels)}",
            option="class_name",
            value=class_name,
        )
    found = left_out(predictor, text)
    if found is None:
        raise InputError(f"the text {shown(text)} has no word that the model reads; give one with words")
    label_id = predictor.labels.index(found.predicted if class_name is None else class_name)
    odds = log_odds(found.probabilities, label_id)
    words = pd.DataFrame(
        {
            "word": found.words,
            "start": [start for start, _ in found.spans],
            "end": [end for _, end in found.spans],
            "weight": odds[0] - odds[1:],
        }
    )
    notes = []
    if found.read < found.all_words:
        notes.append(f"the model reads {found.read:,} of this text's {counted(found.all_words, 'word')}")
    if len(found.words) < found.read:
        left = f"{len(found.words):,} of the {counted(found.read, 'word')}"
        notes.append(f"{left} that the model reads were left out in turn")
    return Explanation(
        text, found.predicted, predictor.labels[label_id], float(found.probabilities[0, label_id]), words, tuple(notes)
    )


def _parts_read(length: int, read: list[Span], kept: tuple[int, int]) -> list[Span]:
    """Where in a text of ``length`` characters the words lie that are read: its beginning, its end, or both."""
    first, last = kept
    beginning = [(0, read[first - 1][1])] if first else []
    return beginning + ([(read[-last][0], length)] if last else [])


def _without(parts: list[Span], span: Span) -> list[Span]:
    """The parts of a text with a gap. A blank will stand in it, so that what is around it does not become one word."""
    return [
        piece
        for start, end in parts
        for piece in (((start, span[0]), (span[1], end)) if start <= span[0] < end else ((start, end),))
    ]


def log_odds(probabilities: NDArray[np.float64], label_id: int) -> NDArray[np.float64]:
    """Of a class, ``[texts]``. The others are added up: where a class is certain, one less its probability would be 0."""
    others = np.delete(probabilities, label_id, axis=1).sum(1)
    least = float(np.finfo(np.float32).tiny)
    found: NDArray[np.float64] = np.log(np.maximum(probabilities[:, label_id], least)) - np.log(
        np.maximum(others, least)
    )
    return found


def _coloured(piece: str, share: float) -> str:
    """HTML of a piece of text, the darker the more it matters, on light pages and dark ones."""
    if share == 0:
        return html.escape(piece)
    colour = f"rgba({_RGB[BLUE if share > 0 else ORANGE]}, {0.6 * abs(share):.2f})"
    return f"<span style='background:{colour}'>{html.escape(piece)}</span>"
