"""Which labels are classes of their own: spellings that differ in capitals, and classes with few examples."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tuner.data.text_dataset import Split, TextDataset, make_dataset
from tuner.errors import InputError
from tuner.formatting import counted, listed


def join_capitals(dataset: TextDataset, *, fold: bool) -> TextDataset:
    """Return the data set with labels that differ in capitals only as one class if `fold`, else with a note on them.

    The class is called as most of its rows spell it.
    """
    counts = dict(zip(dataset.label_names, _counts(dataset), strict=True))
    alike = defaultdict(list)
    for label in sorted(dataset.label_names, key=lambda label: (-counts[label], label)):
        alike[label.casefold()].append(label)
    several = [labels for labels in alike.values() if len(labels) > 1]
    if not several:
        return dataset
    named = "; ".join(listed(labels, 4) for labels in several[:4]) + (" ..." if len(several) > 4 else "")
    if not fold:
        note = f"labels that differ in capitals only are classes of their own: {named}; `fold_labels` joins them"
        return replace(dataset, notes=(*dataset.notes, note))
    names = {label: labels[0] for labels in alike.values() for label in labels}
    return _relabelled(dataset, names, note=f"labels that differ in capitals only are joined: {named}")


def drop_rare_classes(dataset: TextDataset, *, minimum: int) -> TextDataset:
    """Return the data set without the classes that have fewer than `minimum` examples, with a note on these.

    Raises InputError where fewer than two classes are left.
    """
    counts = dict(zip(dataset.label_names, _counts(dataset), strict=True))
    rare = [label for label in dataset.label_names if counts[label] < minimum]
    if not rare:
        return dataset
    if len(counts) - len(rare) < 2:
        raise InputError(
            f"{len(counts) - len(rare)} of the {counted(len(counts), 'class')} of {dataset.name} have {minimum:,} examples, "
            f"and two are needed; lower `min_class_count`, or add examples"
        )
    rows = sum(counts[label] for label in rare)
    note = (
        f"left out {counted(rows, 'row')} of {counted(len(rare), 'class')} with fewer than {minimum:,} examples: "
        f"{listed(rare, 8)}"
    )
    names = {label: label for label in dataset.label_names if label not in rare}
    kept = _relabelled(dataset, names, note=note)
    left_out = {**kept.reading.left_out, f"of a class with fewer than {minimum:,} examples": rows}
    return replace(kept, reading=replace(kept.reading, left_out=left_out))


def _counts(dataset: TextDataset) -> list[int]:
    counts: list[int] = np.bincount(dataset.labels, minlength=len(dataset.label_names)).tolist()
    return counts


def _relabelled(dataset: TextDataset, names: Mapping[str, str], *, note: str) -> TextDataset:
    """Return the rows whose label has a new name, with that name."""
    labels = [names.get(dataset.label_names[label]) for label in dataset.labels.tolist()]
    rows = [row for row, label in enumerate(labels) if label is not None]
    return make_dataset(
        dataset.name,
        dataset.texts.take(np.array(rows, np.int64)),
        [label for label in labels if label is not None],
        split=None if dataset.split is None else [Split(dataset.split[row]) for row in rows],
        reading=dataset.reading,
        notes=(*dataset.notes, note),
        rows=dataset.rows[rows],
    )
