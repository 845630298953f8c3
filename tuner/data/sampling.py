"""A share of a data set, drawn by class: for a first look at what would take days on all of it."""

import dataclasses

import numpy as np

from tuner.data.text_dataset import TextDataset
from tuner.errors import InputError


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
