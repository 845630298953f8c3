"""Columns of truth values that say which rows are held out, as one column that names the parts."""

from collections.abc import Sequence
from dataclasses import replace

from tuner.data.reading.columns import Columns
from tuner.data.reading.raw_table import RawTable, label_of, normal, unique_names
from tuner.data.text_dataset import Split
from tuner.formatting import shown

_FLAGS = {
    **dict.fromkeys(("is_train", "is_training"), Split.TRAIN),
    **dict.fromkeys(("is_valid", "is_validation", "is_val", "is_dev"), Split.VALIDATION),
    **dict.fromkeys(("is_test", "is_testing", "is_holdout", "is_held_out", "holdout", "held_out"), Split.TEST),
}
_TRUTH = {
    **dict.fromkeys(("true", "yes", "1", "t", "y"), True),
    **dict.fromkeys(("false", "no", "0", "f", "n"), False),
}


def with_given_split(table: RawTable, requested: Columns) -> tuple[RawTable, Columns]:
    """Returns the table, and the columns to use of it, with the split that places or flags such as `is_valid` give.

    A row without a flag is for training; where there is only `is_train`, it is for testing. Flags that hold anything but
    truth values are columns like others.
    """
    if requested.split is None and table.split is not None:
        return table, replace(requested, split=table.split)
    flags = {
        name: part
        for name, cells in table.columns.items()
        if requested.split in (None, name) and (part := _FLAGS.get(normal(name))) is not None and _are_truths(cells)
    }
    if not flags:
        return table, requested
    rest = Split.TEST if set(flags.values()) == {Split.TRAIN} else Split.TRAIN
    parts: list[object] = []
    for cells in zip(*(table.columns[name] for name in flags), strict=True):
        truths = [_truth_of(cell) for cell in cells]
        given = [part for part, truth in zip(flags.values(), truths, strict=True) if truth]
        is_missing = not given and None in truths
        parts.append(None if is_missing else max(given, default=rest).name.lower())
    columns = {name: cells for name, cells in table.columns.items() if name not in flags}
    split = unique_names([*columns, "split"])[-1]
    said = ", ".join(f"{part.name.lower()} where {shown(name)} is true" for name, part in flags.items())
    note = f"{table.origin}: given split: {said}, else {rest.name.lower()}"
    table = replace(table, columns={**columns, split: parts}, notes=(*table.notes, note))
    return table, replace(requested, split=split)


def _are_truths(cells: Sequence[object]) -> bool:
    truths = {_truth_of(cell) for cell in cells if label_of(cell) is not None}
    return truths == {True, False}


def _truth_of(cell: object) -> bool | None:
    label = label_of(cell)
    return None if label is None else _TRUTH.get(label.lower())
