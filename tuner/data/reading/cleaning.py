"""From a table and its chosen columns to a data set: incomplete rows left out, labels checked, all said aloud."""

import re
from collections import Counter
from collections.abc import Sequence

from tuner.data.reading.columns import FIND_ALL, Choice, Columns, choose_columns, looks_continuous
from tuner.data.reading.raw_table import NO_VALUES, RawTable, label_of, part_of, text_of
from tuner.data.text_dataset import NUMBER, Reading, Split, TextDataset, make_dataset
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown

_SURROGATE = re.compile("[\ud800-\udfff]")


def dataset_of(table: RawTable, columns: Columns = FIND_ALL, *, name: str) -> TextDataset:
    """Return the data set in `table`, called `name`; columns that are not given are found.

    Rows without text or label are left out and counted in the notes. Raises InputError where columns are missing or
    hold no texts and labels, where there are fewer than two classes, a class with one example, or labels that look
    like measurements.
    """
    choice = choose_columns(table, columns)
    notes = [*table.notes, *choice.notes]
    _check_cells(table, choice)
    rows, left_out = _complete_rows(table, choice, notes)
    texts, labels, parts = [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
    texts, labels = _encodable(texts, labels, table.origin, notes)
    labels = _whole_numbers(labels)
    _check_labels(labels, table.origin, choice.label)
    split = [part for part in parts if part is not None]
    return make_dataset(
        name,
        texts,
        labels,
        split=None if choice.split is None else split,
        reading=Reading(
            format=table.format,
            encoding=table.encoding,
            delimiter=table.delimiter,
            text_columns=(choice.text,),
            label_column=choice.label,
            split_column=choice.split,
            rows_read=len(table.columns[choice.text]) + sum(table.left_out.values()),
            left_out=table.left_out | left_out,
        ),
        notes=notes,
    )


def _check_cells(table: RawTable, choice: Choice) -> None:
    for role, column in Columns(choice.text, choice.label, choice.split).named().items():
        cells = table.columns[column]
        nested = next((number for number, cell in enumerate(cells, 1) if isinstance(cell, NO_VALUES)), None)
        if nested is not None:
            kind = type(cells[nested - 1]).__name__
            raise InputError(
                f"{table.origin}: column {shown(column)} holds a {kind} in row {nested:,}: name another with `{role}_column`"
            )


def _complete_rows(
    table: RawTable, choice: Choice, notes: list[str]
) -> tuple[list[tuple[str, str, Split | None]], dict[str, int]]:
    splits = [None] * len(table.columns[choice.text]) if choice.split is None else table.columns[choice.split]
    rows: list[tuple[str, str, Split | None]] = []
    missing: Counter[str] = Counter()
    for number, cells in enumerate(
        zip(table.columns[choice.text], table.columns[choice.label], splits, strict=True), start=1
    ):
        text, label, part_name = text_of(cells[0]), label_of(cells[1]), label_of(cells[2])
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
    if missing:
        kinds = ", ".join(f"{counted(count, 'row')} without {role}" for role, count in sorted(missing.items()))
        notes.append(f"{table.origin}: left out {kinds}, of {len(splits):,}")
    if not rows:
        raise InputError(
            f"{table.origin}: no row has both text ({shown(choice.text)}) and label ({shown(choice.label)}): "
            f"name the columns with `text_column` and `label_column`; there are {listed(table.columns)}"
        )
    return rows, {f"without {role}": count for role, count in sorted(missing.items())}


def _encodable(texts: list[str], labels: list[str], origin: str, notes: list[str]) -> tuple[list[str], list[str]]:
    """JSON can spell half of a surrogate pair, which no file and no tensor can hold."""
    broken = sum(bool(_SURROGATE.search(text)) for text in texts)
    if broken:
        notes.append(f"{origin}: half surrogate pairs in {counted(broken, 'text')} replaced by U+FFFD")
    return [_SURROGATE.sub("\ufffd", text) for text in texts], [_SURROGATE.sub("\ufffd", label) for label in labels]


def _whole_numbers(labels: list[str]) -> list[str]:
    """Where all labels are numbers, "1.0" is 1: a column of integers with gaps is often written with decimals."""
    shorter = {label: re.sub(r"\.0+$", "", label) for label in set(labels)}
    if all(NUMBER.fullmatch(label) for label in shorter):
        return [shorter[label] for label in labels]
    return labels


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
    single = sorted(label for label, count in counts.items() if count == 1)
    if single:
        more = f" (and {counted(len(single) - 1, 'other class')})" if len(single) > 1 else ""
        raise InputError(
            f"{origin}: class {shown(single[0])} of column {shown(column)} has one example{more}: "
            f"two or more are needed; add examples, or take the row out"
        )
