"""The texts that a distillation adds to a run: those of a teacher's file with its probabilities, or texts without labels.

Texts are equal where they are but for surrounding blanks, as in the splits of a run. What a run validates or tests on is never
trained on, whichever file it comes from.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tuner.data.pipeline import PreparedData
from tuner.data.reading.cells import texts_of
from tuner.data.reading.columns import Columns
from tuner.data.reading.loading import read_source
from tuner.data.reading.raw_table import RawTable
from tuner.data.texts import Texts
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown

_TOLERANCE = 0.02
"""How far the probabilities of a text may be from a sum of 1: files round them."""


@dataclass(frozen=True, eq=False)
class TeachingTexts:
    """What files give to a distillation.

    Attributes:
        known: bool [training texts], which of them the teacher's file holds; None where the teacher is no file.
        of_train: float32 [training texts, classes], its probabilities, 0 where it does not hold the text; None likewise.
        unlabelled: texts without labels.
        of_unlabelled: float32 [unlabelled texts, classes], probabilities of the file; None where a model of the run gives them.
        notes: whole sentences that the user should hear.
    """

    known: NDArray[np.bool_] | None
    of_train: NDArray[np.float32] | None
    unlabelled: Sequence[str]
    of_unlabelled: NDArray[np.float32] | None
    notes: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """SHA-256 over texts and probabilities, in hexadecimal."""
        texts = Texts.of(self.unlabelled)
        digest = hashlib.sha256(texts.sizes().astype("<i8").tobytes())
        digest.update(texts.content())
        for array in (self.of_train, self.of_unlabelled):
            digest.update(b"none" if array is None else array.astype("<f4").tobytes())
        return digest.hexdigest()


NO_TEXTS = TeachingTexts(None, None, (), None)
"""A model of the run teaches its training texts alone."""


def read_unlabelled(file: str, data: PreparedData, *, text_columns: Sequence[str], data_dir: Path) -> TeachingTexts:
    """The texts of a file that the run does not know, for a model of the run to label.

    Args:
        file: anything that a search reads, with the columns of the run's texts.
        data: the run's.
        text_columns: of the run.
        data_dir: where named data sets lie.

    Raises:
        InputError: where it cannot be read, has no such columns, or holds no text that the run does not know.
    """
    table, texts, notes = _read(file, "unlabelled", text_columns, data_dir)
    part_of = _parts(data)
    new = dict.fromkeys(text for text in texts if text is not None and text not in part_of)
    if not new:
        raise InputError(
            f"{table.origin} holds no text that the run does not know; give other texts",
            option="unlabelled",
            value=file,
        )
    dropped = _dropped(texts, part_of)
    trained = sum(text is not None and part_of.get(text) == "train" for text in texts)
    notes.append(
        f"{table.origin}: {counted(len(new), 'text')} without labels"
        + (f", {trained:,} more that the run trains on already" if trained else "")
        + dropped
    )
    return TeachingTexts(None, None, tuple(new), None, tuple(notes))


def read_teacher(
    file: str, data: PreparedData, *, text_columns: Sequence[str], label_names: Sequence[str], data_dir: Path
) -> TeachingTexts:
    """The probabilities of a file, matched by text; texts that the run does not know are texts without labels.

    Args:
        file: anything that a search reads, with the columns of the run's texts and one of probabilities for each label, which
            has the label's name or ``probability_LABEL``. Of equal texts the mean counts.
        data: the run's.
        text_columns: of the run.
        label_names: likewise.
        data_dir: where named data sets lie.

    Raises:
        InputError: where it cannot be read, lacks columns, holds what is no probability, or no text to train on.
    """
    table, texts, notes = _read(file, "teacher_file", text_columns, data_dir)
    given = _probabilities(table, label_names, file)
    part_of = _parts(data)
    rows_of: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        if text is not None and part_of.get(text, "train") == "train":
            rows_of.setdefault(text, []).append(row)
    if not rows_of:
        raise InputError(
            f"{table.origin} holds no text to train on{_dropped(texts, part_of)}; give the probabilities of training texts",
            option="teacher_file",
            value=file,
        )
    means = {text: given[rows].mean(axis=0) for text, rows in rows_of.items()}
    train = [text.strip() for text in data.dataset.texts.take(data.splits.train)]
    nothing = np.zeros(len(label_names), np.float32)
    of_train = np.stack([means.get(text, nothing) for text in train])
    known = np.array([text in means for text in train])
    new = [text for text in means if text not in part_of]
    of_new = np.stack([means[text] for text in new]) if new else np.zeros((0, len(label_names)), np.float32)
    notes.append(
        f"{table.origin}: probabilities of {known.sum():,} of {counted(len(train), 'training text')}, and of "
        f"{counted(len(new), 'text')} without labels{_dropped(texts, part_of)}"
    )
    if not known.all():
        notes.append(
            f"{counted(int((~known).sum()), 'training text')} that it lacks {'is' if (~known).sum() == 1 else 'are'} trained "
            "on with the label alone"
        )
    return TeachingTexts(known, of_train, tuple(new), of_new, tuple(notes))


def _read(
    file: str, option: str, text_columns: Sequence[str], data_dir: Path
) -> tuple[RawTable, list[str | None], list[str]]:
    table, _ = read_source(file, Columns(tuple(text_columns)), data_dir=data_dir, option=option)
    missing = [name for name in text_columns if name not in table.columns]
    if missing:
        raise InputError(
            f"{table.origin} has no column {listed(missing)}, in which the run's texts were; rename one of "
            f"{listed(table.columns)}",
            option=option,
            value=file,
        )
    notes: list[str] = []
    texts = [text and text.strip() for text in texts_of(table, text_columns, notes)]
    return table, texts, notes


def _parts(data: PreparedData) -> dict[str, str]:
    """The part of each text of the run."""
    return {
        text.strip(): part
        for part in ("train", "validation", "test")
        for text in data.dataset.texts.take(getattr(data.splits, part))
    }


def _dropped(texts: Sequence[str | None], part_of: dict[str, str]) -> str:
    """How many texts are left out, for the end of a sentence."""
    parts = [
        (part, sum(text is not None and part_of.get(text) == part for text in texts)) for part in ("validation", "test")
    ]
    told = [f"{counted(count, f'{part} text')}" for part, count in parts if count]
    empty = sum(text is None for text in texts)
    told += [f"{counted(empty, 'row')} without a text"] if empty else []
    return f"; left out: {', '.join(told)}" if told else ""


def _probabilities(table: RawTable, label_names: Sequence[str], file: str) -> NDArray[np.float32]:
    """float32 [rows, classes], made to sum to 1."""

    def refused(message: str) -> InputError:
        return InputError(f"{table.origin} {message}", option="teacher_file", value=file)

    found: dict[str, str] = {}
    for label in label_names:
        name = next((name for name in (f"probability_{label}", label) if name in table.columns), None)
        if name is None:
            raise refused(
                f"has no column of probabilities for {shown(label)}: name one {shown(label)} or probability_{label}; it has "
                f"{listed(table.columns)}"
            )
        found[label] = name
    columns = [_numbers(table.columns[name], name, refused) for name in found.values()]
    values = np.stack(columns, axis=1)
    sums = values.sum(axis=1)
    wrong = np.flatnonzero(np.abs(sums - 1.0) > _TOLERANCE)
    if len(wrong):
        raise refused(
            f"has probabilities that sum to {sums[wrong[0]]:.3g} in row {wrong[0] + 1:,}; they must sum to 1 over all labels"
        )
    shares: NDArray[np.float32] = (values / sums[:, None]).astype(np.float32)
    return shares


def _numbers(cells: Sequence[object], name: str, refused: Callable[[str], InputError]) -> NDArray[np.float64]:
    values = np.empty(len(cells))
    for row, cell in enumerate(cells):
        try:
            values[row] = float(str(cell))
        except ValueError:
            values[row] = np.nan
        if not 0.0 <= values[row] <= 1.0:
            raise refused(
                f"holds {shown(cell)} in row {row + 1:,} of column {shown(name)}; a probability of 0 to 1 is needed there"
            )
    return values
