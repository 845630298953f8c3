"""Which rows train, which validate and which test: as the data say, or drawn; never one text on two sides."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tuner.data.text_dataset import Split, TextDataset
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown

Rows = npt.NDArray[np.int64]


def assign(
    rows: Rows,
    groups: Rows,
    labels: npt.NDArray[np.int32],
    *,
    validation: float,
    test: float,
    rng: np.random.Generator,
) -> Rows:
    """Return the `Split` value (int64 [len(rows)]) of each of `rows`, in their order.

    groups, labels: of all rows of the data; rows of one group stay together. validation, test: shares of the rows, 0
    for no such part. Of every class, the shares are met within rounding as far as its groups allow; a part that is
    asked for has room for one row at least, and every class with two groups is both in training and validation.
    """
    members, group_of = np.unique(groups[rows], return_inverse=True)
    classes, class_of = np.unique(labels[rows], return_inverse=True)
    sizes = np.bincount(group_of, minlength=len(members))
    # Where labels conflict, the group counts for the class of its first row.
    main = np.empty(len(members), dtype=np.int64)
    main[group_of[::-1]] = class_of[::-1]
    parts = np.full(len(members), int(Split.TRAIN), dtype=np.int64)
    for number in range(len(classes)):
        own = rng.permutation(np.flatnonzero(main == number))
        total = int(sizes[own].sum())
        room = {Split.VALIDATION: _quota(validation, total), Split.TEST: 0}
        room[Split.TEST] = max(0, min(_quota(test, total), total - room[Split.VALIDATION] - 1))
        for group in own.tolist():
            for part in (Split.VALIDATION, Split.TEST):
                if sizes[group] <= room[part]:
                    parts[group] = part
                    room[part] -= int(sizes[group])
                    break
    if validation > 0:
        _spread(parts, sizes, np.unique(np.stack([group_of, class_of]), axis=1), len(classes))
    return parts[group_of]


def _quota(share: float, total: int) -> int:
    return max(1, int(share * total + 0.5)) if share > 0 else 0


def _spread(parts: Rows, sizes: Rows, pairs: Rows, classes: int) -> None:
    """Move groups so that every class with two groups has one in training and one in validation.

    pairs: the distinct (group, class) pairs, int64 [2, m]. A group moves only where no class loses its last group in a
    part by that; the smallest that may goes first. Changes `parts`.
    """
    presence = np.zeros((classes, len(Split)), dtype=np.int64)
    np.add.at(presence, (pairs[1], parts[pairs[0]]), 1)
    for number in np.flatnonzero((presence[:, Split.VALIDATION] == 0) | (presence[:, Split.TRAIN] == 0)):
        own = pairs[0][pairs[1] == number]
        if len(own) < 2:
            continue
        for wanted in (Split.TRAIN, Split.VALIDATION):
            if presence[number, wanted]:
                continue
            for group in own[np.argsort(sizes[own], kind="stable")]:
                source = parts[group]
                touched = pairs[1][pairs[0] == group]
                if source == Split.TEST or (presence[touched, source] > 1).all():
                    presence[touched, source] -= 1
                    presence[touched, wanted] += 1
                    parts[group] = wanted
                    break


def draw_share(dataset: TextDataset, fraction: float, *, seed: int) -> TextDataset:
    """Return the data set with `fraction` of the rows of each class in each given part, in their order.

    The same for the same data, fraction and seed; a smaller fraction is contained in a larger one. Every class keeps two
    rows of a part where the part has two, so that both training and validation can have one. fraction: above 0, at most
    1. The fingerprint stays that of all the data, which are what it stands for. Raises InputError for other fractions.
    """
    if not 0 < fraction <= 1:
        raise InputError(f"fraction must be above 0 and at most 1. Received: {fraction:g}: give for instance 0.1")
    if fraction == 1:
        return dataset
    rng = np.random.default_rng(seed)
    parts = np.zeros(len(dataset), np.int64) if dataset.split is None else dataset.split.astype(np.int64)
    kept = []
    for part in np.unique(parts):
        for label in range(len(dataset.label_names)):
            rows = rng.permutation(np.flatnonzero((parts == part) & (dataset.labels == label)))
            kept.append(rows[: max(min(2, len(rows)), int(fraction * len(rows) + 0.5))])
    chosen = np.sort(np.concatenate(kept))
    note = f"a share of {fraction:g}: {len(chosen):,} of {len(dataset):,} texts, drawn by class with seed {seed}"
    return dataclasses.replace(
        dataset,
        texts=tuple(dataset.texts[row] for row in chosen),
        labels=dataset.labels[chosen],
        split=None if dataset.split is None else dataset.split[chosen],
        notes=(*dataset.notes, note),
    )


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
    together. A given split stays as it is, but rows whose text also stands in the test set leave training and
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
                    f"{counted(leaving, f'{other} row')} left out, because the same text stands in the {name} set"
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
    notes.append(f"the given split has no {missing} set: drawn from its training rows, by class")
    return parts


def _absences(dataset: TextDataset, parts: npt.NDArray[np.int64]) -> list[str]:
    notes = []
    for part, name in ((Split.TRAIN, "training"), (Split.VALIDATION, "validation"), (Split.TEST, "test")):
        present = np.bincount(dataset.labels[parts == part], minlength=len(dataset.label_names)) > 0
        absent = [label for label, there in zip(dataset.label_names, present, strict=True) if not there]
        if absent:
            notes.append(f"no {name} row of {listed(absent)}: too few distinct texts, or none given")
    return notes
