"""From a table and its chosen columns to a data set: incomplete rows left out, labels checked, all said aloud."""

import re
from collections import Counter
from collections.abc import Sequence

from tuner.data.reading.cells import labels_of, spelled, texts_of
from tuner.data.reading.columns import FIND_ALL, Choice, Columns, choose_columns, looks_continuous
from tuner.data.reading.raw_table import RawTable, label_of, part_of
from tuner.data.text_dataset import Reading, Split, TextDataset, make_dataset
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown

_SURROGATE = re.compile("[\ud800-\udfff]")


def dataset_of(table: RawTable, columns: Columns = FIND_ALL, *, name: str) -> TextDataset:
    """Return the data set in `table`, called `name`; columns that are not given are found.

    Rows without text or label are left out and counted in the notes. Raises InputError where columns are missing or
    hold no texts and labels, where a row has several labels, where there are fewer than two classes, or labels that
    look like measurements.
    """
    choice = choose_columns(table, columns)
    notes = [*table.notes, *choice.notes]
    texts = texts_of(table, choice.text, notes)
    given = labels_of(table.columns[choice.label], origin=table.origin, column=choice.label)
    rows, places, left_out = _complete_rows(table, choice, texts, given, notes)
    split = [row[2] for row in rows if row[2] is not None]
    labels = spelled([_SURROGATE.sub("\ufffd", row[1]) for row in rows])
    _check_labels(labels, table.origin, choice.label)
    return make_dataset(
        name,
        _encodable([row[0] for row in rows], table.origin, notes),
        labels,
        split=None if choice.split is None else split,
        reading=Reading(
            format=table.format,
            encoding=table.encoding,
            delimiter=table.delimiter,
            text_columns=choice.text,
            label_column=choice.label,
            split_column=choice.split,
            rows_read=len(texts) + sum(table.left_out.values()),
            left_out=table.left_out | left_out,
            sources=table.sources or ((table.origin, len(texts)),),
        ),
        notes=notes,
        rows=places,
    )


def _complete_rows(
    table: RawTable,
    choice: Choice,
    texts: Sequence[str | None],
    labels: Sequence[str | None],
    notes: list[str],
) -> tuple[list[tuple[str, str, Split | None]], list[int], dict[str, int]]:
    """Text, label and part of the complete rows, their places in the table, and how many were left out for which reason."""
    splits: Sequence[object] = [None] * len(texts) if choice.split is None else table.columns[choice.split]
    rows: list[tuple[str, str, Split | None]] = []
    places: list[int] = []
    missing: Counter[str] = Counter()
    for number, (text, label, given) in enumerate(zip(texts, labels, splits, strict=True), start=1):
        part_name = label_of(given)
        if text is None or label is None or (choice.split is not None and part_name is None):
            missing["text" if text is None else "label" if label is None else "split"] += 1
            continue
        part = None if part_name is None else part_of(part_name)
        if part_name is not None and part is None:
            column = shown(choice.split)
            raise InputError(
                f"{table.origin}: row {number:,} of split column {column} holds {shown(part_name)}: "
                f"use train, validation and test"
            )
        rows.append((text, label, part))
        places.append(number - 1)
    if missing:
        kinds = ", ".join(f"{counted(count, 'row')} without {role}" for role, count in sorted(missing.items()))
        notes.append(f"{table.origin}: left out {kinds}, of {len(splits):,}")
    if not rows:
        raise InputError(
            f"{table.origin}: no row has both text ({listed(choice.text)}) and label ({shown(choice.label)}): "
            f"name the columns with `text_column` and `label_column`; there are {listed(table.columns)}"
        )
    return rows, places, {f"without {role}": count for role, count in sorted(missing.items())}


def _encodable(texts: list[str], origin: str, notes: list[str]) -> list[str]:
    """JSON can spell half of a surrogate pair, which no file and no tensor can hold."""
    broken = sum(not text.isascii() and bool(_SURROGATE.search(text)) for text in texts)
    if not broken:
        return texts
    notes.append(f"{origin}: half surrogate pairs in {counted(broken, 'text')} replaced by U+FFFD")
    return [_SURROGATE.sub("\ufffd", text) for text in texts]


def _check_labels(labels: Sequence[str], origin: str, column: str) -> None:
    counts = Counter(labels)
    if looks_continuous(len(counts), len(labels)):
        raise InputError(
            f"{origin}: label column {shown(column)} has {len(counts):,} distinct values in {len(labels):,} rows, so "
            f"it is no class: name the label with `label_column`, or put the values into classes"
        )
    if len(counts) == 1:
        raise InputError(
            f"{origin}: label column {shown(column)} holds one class only, {shown(labels[0])}: "
            f"two classes or more are needed; name another with `label_column`"
        )
