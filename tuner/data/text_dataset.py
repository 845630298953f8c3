"""The labelled texts that everything else starts from."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from tuner.data.texts import Texts


class Split(IntEnum):
    """The part of the data that a row was given to by those who made the data set."""

    TRAIN = 0
    VALIDATION = 1
    TEST = 2


@dataclass(frozen=True)
class Reading:
    """How the files of a data set were understood.

    Attributes:
        format: of the files, for instance "CSV"; None for what was not read from files.
        encoding: of text files, as Python calls it.
        delimiter: between the fields of a table in text.
        text_columns: columns of the texts, in the order in which they are joined.
        label_column: column of the labels.
        split_column: column of the given split, None where no column gives one.
        rows_read: rows of data seen, those left out included; a header is none.
        sources: the files, by their names in messages, and the rows of each, in the order in which they were read.
        left_out: rows left out, by the reason.
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    text_columns: tuple[str, ...] = ("text",)
    label_column: str = "label"
    split_column: str | None = None
    rows_read: int = 0
    sources: tuple[tuple[str, int], ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TextDataset:
    """Labelled texts, as they stood in their file.

    texts: n texts, unchanged. labels: int32 [n], index into `label_names`. label_names: sorted, numbers by value.
    split: int8 [n] of `Split` values, or None where the data give no split. reading: how the files were understood.
    notes: whole sentences about the reading that the user should hear. fingerprint: SHA-256 in hexadecimal
    over texts, labels, names and given split, so that the same data have the same one under any file name and format.
    rows: int64 [n], ascending, the row of each text among all rows that were read, counted from 0.
    """

    name: str
    texts: Texts
    labels: npt.NDArray[np.int32]
    label_names: tuple[str, ...]
    split: npt.NDArray[np.int8] | None
    reading: Reading
    notes: tuple[str, ...]
    fingerprint: str
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.texts)


def make_dataset(
    name: str,
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    split: Sequence[Split] | None = None,
    reading: Reading | None = None,
    notes: Sequence[str] = (),
    rows: Sequence[int] | npt.NDArray[np.int64] | None = None,
) -> TextDataset:
    """Return the data set of `texts` and their `labels` (one name a text), with sorted label names and the fingerprint.

    Without `rows`, the texts are all rows that were read.

    Raises ValueError where the sequences differ in length: that is a mistake of the caller, not of the user.
    """
    names = sorted_labels(labels)
    index = {label: number for number, label in enumerate(names)}
    numbers = np.fromiter((index[label] for label in labels), dtype=np.int32, count=len(labels))
    parts = None if split is None else np.asarray(split, dtype=np.int8)
    if len(texts) != len(numbers) or (parts is not None and len(parts) != len(numbers)):
        raise ValueError(
            f"one label and one split per text are needed. Received: {len(texts)} texts, {len(numbers)} labels"
        )
    stored = Texts.of(texts)
    return TextDataset(
        name=name,
        texts=stored,
        labels=numbers,
        label_names=names,
        split=parts,
        reading=reading or Reading(rows_read=len(texts)),
        notes=tuple(notes),
        fingerprint=fingerprint(stored, numbers, names, parts),
        rows=np.arange(len(stored), dtype=np.int64) if rows is None else np.asarray(rows, np.int64),
    )


def sorted_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the distinct labels: by value where all of them are numbers ("2" before "10"), else as text."""
    distinct = sorted(set(labels))
    if all(NUMBER.fullmatch(label) for label in distinct):
        distinct.sort(key=float)
    return tuple(distinct)


NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def fingerprint(
    texts: Sequence[str],
    labels: npt.NDArray[np.int32],
    label_names: Sequence[str],
    split: npt.NDArray[np.int8] | None,
) -> str:
    """Return the SHA-256 over texts, labels, names and split, in hexadecimal; the same on every platform."""
    digest = hashlib.sha256()
    for strings in map(Texts.of, (label_names, texts)):
        # Lengths first: without them, moving a border between two texts would not show.
        digest.update(np.concatenate([[len(strings)], strings.sizes()]).astype("<i8").tobytes())
        digest.update(strings.content())
    digest.update(labels.astype("<i4").tobytes())
    digest.update(b"no split" if split is None else split.astype("<i1").tobytes())
    return digest.hexdigest()
