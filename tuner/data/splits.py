"""Which rows train, which validate and which test: as the data say, or drawn; never one text on two sides."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from tuner.data.text_dataset import Split, TextDataset
from tuner.errors import InputError
from tuner.formatting import counted, listed, share_text, shown

Rows = npt.NDArray[np.int64]

_PART_NAMES = {Split.TRAIN: "training", Split.VALIDATION: "validation", Split.TEST: "test"}
_UNEVEN = 0.05  # a share that differs by less is not worth a note, however many texts there are


def assign(
    rows: Rows,
    groups: Rows,
    labels: npt.NDArray[np.int32],
    *,
    validation: float,
    test: float,
    rng: np.random.Generator,
    by_majority: bool = True,
) -> Rows:
    """Return the `Split` value (int64 [len(rows)]) of each of `rows`, in their order.

    groups, labels: of all rows of the data; rows of one group stay together. validation, test: shares of the rows, 0
    for no such part. by_majority: a group whose labels differ counts for the class of most of its rows, else for that of
    its first row. Of every class, the shares are met within rounding as far as its groups allow; a part that is
    asked for has room for one row at least, and every class with two groups is both in training and validation.
    """
    members, group_of = np.unique(groups[rows], return_inverse=True)
    classes, class_of = np.unique(labels[rows], return_inverse=True)
    sizes = np.bincount(group_of, minlength=len(members))
    main = _main_class(group_of, class_of, len(members), by_majority=by_majority)
    parts = np.full(len(members), int(Split.TRAIN), dtype=np.int64)
    for number in range(len(classes)):
        own = rng.permutation(np.flatnonzero(main == number))
        total = int(sizes[own].sum())
        room = {Split.VALIDATION: _quota(validation, total), Split.TEST: 0}
        room[Split.TEST] = max(0, min(_quota(test, total), total - room[Split.VALIDATION] - 1))
        for group in own.tolist():
            if not any(room.values()):
                break
            for part in (Split.VALIDATION, Split.TEST):
                if sizes[group] <= room[part]:
                    parts[group] = part
                    room[part] -= int(sizes[group])
                    break
    if validation > 0:
        _spread(parts, sizes, _pairs(group_of, class_of), len(classes))
    return parts[group_of]


def _main_class(group_of: Rows, class_of: Rows, groups: int, *, by_majority: bool) -> Rows:
    """Return the class that each group counts for (int64 [groups]); among equals it is that of the first row."""
    classes = int(class_of.max(initial=0)) + 1
    pairs, first, counts = np.unique(group_of * classes + class_of, return_index=True, return_counts=True)
    pairs = pairs[np.lexsort((-first, counts) if by_majority else (-first,))]
    main = np.empty(groups, dtype=np.int64)
    main[pairs // classes] = pairs % classes  # of a group's pairs, the last one stays
    return main


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
        texts=dataset.texts.take(chosen),
        labels=dataset.labels[chosen],
        rows=dataset.rows[chosen],
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


def split_rows(
    dataset: TextDataset, *, seed: int, validation: float = 0.1, test: float = 0.2, by_majority: bool = True
) -> Splits:
    """Return the rows to train, validate and test on; the same for the same data and seed, on every platform.

    Without a given split, `validation` and `test` are the shares of all rows, drawn class by class, identical texts
    together. A given split stays as it is, but rows whose text also stands in the test set leave training and
    validation, rows whose text stands in validation leave training, and a part that is missing is drawn from the
    training rows.
    seed: 0 or greater. validation, test: above 0, together below 1. by_majority: as in `assign`.
    Raises InputError where they are not, where a class has one example and no split is given, or where a part stays empty.
    """
    if seed < 0:
        raise InputError(f"seed must be 0 or greater. Received: {seed}: give another seed")
    if not (validation > 0 and test > 0 and validation + test < 1):
        received = f"validation={validation}, test={test}"
        raise InputError(
            f"the shares of validation and test must be above 0 and together below 1. Received: {received}"
        )
    counts = np.bincount(dataset.labels, minlength=len(dataset.label_names))
    if dataset.split is None and (counts < 2).any():
        raise _too_few(dataset, counts)
    groups = group_texts(dataset.texts)
    notes = _conflicts(groups, dataset.labels)
    rng = np.random.default_rng(seed)
    rows = np.arange(len(dataset), dtype=np.int64)
    draw = partial(assign, groups=groups, labels=dataset.labels, rng=rng, by_majority=by_majority)
    if dataset.split is None:
        parts = draw(rows, validation=validation, test=test)
        notes.append(f"no split given: training, validation and test drawn by class with seed {seed}")
    else:
        if single := [dataset.label_names[label] for label in np.flatnonzero(counts == 1)]:
            notes.append(f"classes with one example, which stays where the given split puts it: {listed(single, 8)}")
        parts = _respect(dataset.split, groups, dataset.labels, shares=(validation, test), draw=draw, notes=notes)
    train, valid, held_out = (rows[parts == part] for part in Split)
    for part, name in zip((train, valid, held_out), _PART_NAMES.values(), strict=True):
        if not len(part):
            raise InputError(
                f"{dataset.name} leaves no row for {name}: give more examples, or take the split column out"
            )
    notes += [*_absences(dataset, parts), *_uneven_shares(dataset, parts)]
    return Splits(train, valid, held_out, tuple(notes))


def _too_few(dataset: TextDataset, counts: Rows) -> InputError:
    single = [name for name, count in zip(dataset.label_names, counts.tolist(), strict=True) if count < 2]
    more = f" (and {counted(len(single) - 1, 'other class')})" if len(single) > 1 else ""
    column = shown(dataset.reading.label_column)
    return InputError(
        f"class {shown(single[0])} of column {column} of {dataset.name} has one example{more}, and two are needed where no "
        "split is given, to train and to validate: add examples, or leave such classes out with `drop_rare`"
    )


def group_texts(texts: Sequence[str]) -> Rows:
    """Return for every text (int64 [n]) the first row with the same text, surrounding blanks aside."""
    groups = np.arange(len(texts), dtype=np.int64)
    # Only texts that share a hash are compared: all distinct texts in a dictionary would be a second copy of the data.
    hashes = np.fromiter((hash(text.strip()) for text in texts), np.int64, len(texts))
    _, hash_of, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    first: dict[str, int] = {}
    for row in np.flatnonzero(counts[hash_of] > 1).tolist():
        groups[row] = first.setdefault(texts[row].strip(), row)
    return groups


def _conflicts(groups: Rows, labels: npt.NDArray[np.int32]) -> list[str]:
    repeats = int((groups != np.arange(len(groups))).sum())
    conflicting = int((np.bincount(_pairs(groups, labels)[0]) > 1).sum())
    notes = [f"texts that occur before: {counted(repeats, 'row')}; identical texts stay on one side"] if repeats else []
    if conflicting:
        notes.append(f"texts with more than one label: {conflicting:,}")
    return notes


def _pairs(groups: Rows, classes: npt.NDArray[np.integer]) -> Rows:
    """Return the distinct pairs of a group and a class in ascending order, int64 [2, m]."""
    count = int(classes.max(initial=0)) + 1
    # np.unique looks millions of numbers up in a table, which takes several times as long as sorting them.
    pairs = np.sort(groups * count + classes)
    return np.stack(np.divmod(pairs[np.diff(pairs, prepend=-1) > 0], count))


def _respect(
    given: npt.NDArray[np.int8],
    groups: Rows,
    labels: npt.NDArray[np.int32],
    *,
    shares: tuple[float, float],
    draw: Callable[..., Rows],
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
    # A class with one example would lose it to the part that is drawn.
    train = np.flatnonzero((parts == Split.TRAIN) & (np.bincount(labels)[labels] > 1))
    parts[train] = draw(train, **drawn)
    missing = " and ".join(name for name, share in drawn.items() if share)
    notes.append(f"the given split has no {missing} set: drawn from its training rows, by class")
    return parts


def _absences(dataset: TextDataset, parts: npt.NDArray[np.int64]) -> list[str]:
    notes = []
    for part, name in _PART_NAMES.items():
        present = np.bincount(dataset.labels[parts == part], minlength=len(dataset.label_names)) > 0
        absent = [label for label, there in zip(dataset.label_names, present, strict=True) if not there]
        if absent:
            notes.append(f"no {name} row of {listed(absent)}: too few distinct texts, or none given")
    return notes


def _uneven_shares(dataset: TextDataset, parts: npt.NDArray[np.int64]) -> list[str]:
    """Return a note for each part in which shares of classes are other than chance would make them."""
    classes = len(dataset.label_names)
    whole = np.bincount(dataset.labels[parts >= 0], minlength=classes) / (parts >= 0).sum()
    notes = []
    for part, name in _PART_NAMES.items():
        counts = np.bincount(dataset.labels[parts == part], minlength=classes)
        share, spread = counts / counts.sum(), np.sqrt(whole * (1 - whole) / counts.sum())
        differs = (np.abs(share - whole) > 3 * spread) & (np.abs(share - whole) > _UNEVEN) & (counts > 0)
        if uneven := [
            f"{shown(dataset.label_names[label])} {share_text(share[label])}, {share_text(whole[label])} of all texts"
            for label in np.flatnonzero(differs)
        ]:
            more = f", and {counted(len(uneven) - 4, 'other class')}" if len(uneven) > 4 else ""
            notes.append(f"the shares of the {name} set differ from those of all texts: {'; '.join(uneven[:4])}{more}")
    return notes
