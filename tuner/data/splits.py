"""Which rows train, which validate and which test: as the data say, or drawn; never one text on two sides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tuner.data.stratify import assign
from tuner.data.text_dataset import Split, TextDataset
from tuner.data.wording import counted, listed, shown
from tuner.errors import InputError

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Splits:
    """Row indices (int64, ascending) of the three parts, and sentences on how they came about.

    No row stands in two parts, and no text (surrounding blanks aside) either.
    """

    train: Rows
    validation: Rows
    test: Rows
    notes: tuple[str, ...]


def split_rows(dataset: TextDataset, *, seed: int, validation: float = 0.1, test: float = 0.2) -> Splits:
    """Return the rows to train, validate and test on; the same for the same data and seed, on every platform.

    Without a given split, `validation` and `test` are the shares of all rows, drawn class by class, identical texts
    together. A given split stays as it is, but rows whose text also stands in the test part leave training and
    validation, rows whose text stands in validation leave training, and a part that is missing is drawn from the
    training rows.
    seed: 0 or greater. validation, test: above 0, together below 1. Raises InputError where they are not, where a class
    has one example, or where a part stays empty.
    """
    if seed < 0:
        raise InputError(f"seed must be 0 or greater. Received: {seed}: give another seed")
    if not (validation > 0 and test > 0 and validation + test < 1):
        received = f"validation={validation}, test={test}"
        raise InputError(
            f"the shares of validation and test must be above 0 and together below 1. Received: {received}"
        )
    counts = np.bincount(dataset.labels, minlength=len(dataset.label_names))
    if (counts < 2).any():
        name = shown(dataset.label_names[int(np.argmin(counts))])
        raise InputError(
            f"class {name} of {dataset.name} has {counts.min()} examples, and 2 are needed: add examples, or remove it"
        )
    groups = group_texts(dataset.texts)
    notes = _conflicts(groups, dataset.labels)
    rng = np.random.default_rng(seed)
    rows = np.arange(len(dataset), dtype=np.int64)
    if dataset.split is None:
        parts = assign(rows, groups, dataset.labels, validation=validation, test=test, rng=rng)
        notes.append(f"no split given: training, validation and test drawn by class with seed {seed}")
    else:
        parts = _respect(dataset.split, groups, dataset.labels, shares=(validation, test), rng=rng, notes=notes)
    train, valid, held_out = (rows[parts == part] for part in Split)
    for part, name in ((train, "training"), (valid, "validation"), (held_out, "test")):
        if not len(part):
            raise InputError(
                f"{dataset.name} leaves no row for {name}: give more examples, or take the split column out"
            )
    notes += _absences(dataset, parts)
    return Splits(train, valid, held_out, tuple(notes))


def group_texts(texts: Sequence[str]) -> Rows:
    """Return a number for every text (int64 [n]), the same for texts that are equal without surrounding blanks."""
    numbers: dict[str, int] = {}
    return np.fromiter((numbers.setdefault(text.strip(), len(numbers)) for text in texts), np.int64, len(texts))


def _conflicts(groups: Rows, labels: npt.NDArray[np.int32]) -> list[str]:
    pairs = np.unique(np.stack([groups, labels.astype(np.int64)]), axis=1)
    conflicting = int((np.bincount(pairs[0]) > 1).sum())
    repeats = len(groups) - len(np.unique(groups))
    notes = [f"texts that occur before: {counted(repeats, 'row')}; identical texts stay on one side"] if repeats else []
    if conflicting:
        notes.append(f"texts with more than one label: {conflicting:,}")
    return notes


def _respect(
    given: npt.NDArray[np.int8],
    groups: Rows,
    labels: npt.NDArray[np.int32],
    *,
    shares: tuple[float, float],
    rng: np.random.Generator,
    notes: list[str],
) -> npt.NDArray[np.int64]:
    """Return the part of every row under a given split, -1 for rows that repeat a text of a later part."""
    validation, test = shares
    parts = given.astype(np.int64)
    notes.append("the split that the data give is used as it is")
    for held, name in ((Split.TEST, "test"), (Split.VALIDATION, "validation")):
        repeated = (parts >= 0) & (parts < held) & np.isin(groups, groups[parts == held])
        for part, other in ((Split.TRAIN, "training"), (Split.VALIDATION, "validation")):
            leaving = int((repeated & (parts == part)).sum())
            if leaving:
                notes.append(
                    f"{counted(leaving, f'{other} row')} left out, because the same text stands in the {name} part"
                )
        parts[repeated] = -1
    has_validation, has_test = bool((given == Split.VALIDATION).any()), bool((given == Split.TEST).any())
    if has_validation and has_test:
        return parts
    if has_test:
        drawn = {"validation": validation / (1 - test), "test": 0.0}
    else:
        share = test / (1 - validation) if has_validation else test
        drawn = {"validation": 0.0 if has_validation else validation, "test": share}
    train = np.flatnonzero(parts == Split.TRAIN)
    parts[train] = assign(train, groups, labels, **drawn, rng=rng)
    missing = " and ".join(name for name, share in drawn.items() if share)
    notes.append(f"the given split has no {missing} part: drawn from its training rows, by class")
    return parts


def _absences(dataset: TextDataset, parts: npt.NDArray[np.int64]) -> list[str]:
    notes = []
    for part, name in ((Split.TRAIN, "training"), (Split.VALIDATION, "validation"), (Split.TEST, "test")):
        present = np.bincount(dataset.labels[parts == part], minlength=len(dataset.label_names)) > 0
        absent = [label for label, there in zip(dataset.label_names, present, strict=True) if not there]
        if absent:
            notes.append(f"no {name} row of {listed(absent)}: too few distinct texts, or none given")
    return notes
