"""Folds for cross-validation: every training and validation text is validated on once."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from tuner.data.splits import Splits, group_texts
from tuner.data.text_dataset import TextDataset
from tuner.errors import InputError
from tuner.formatting import counted, shown


def draw_folds(dataset: TextDataset, splits: Splits, count: int, *, seed: int) -> NDArray[np.int8]:
    """Deals the training and validation texts into folds by scikit-learn's StratifiedGroupKFold.

    Equal texts (surrounding blanks aside) are a group and stay together; every fold has the classes in about the shares of
    all texts. The same for the same data, seed and version of scikit-learn.

    Args:
        dataset: all texts.
        splits: which of them train, validate and test; those to test on are left apart.
        count: number of folds, 2 to 127.
        seed: 0 or greater.

    Returns:
        int8 [texts], the fold of each training text and then of each validation text, counted from 1.

    Raises:
        InputError: where a class has fewer different texts than there are folds.
    """
    pool = np.concatenate([splits.train, splits.validation])
    labels, groups = dataset.labels[pool], group_texts(dataset.texts.take(pool))
    different = np.zeros(len(dataset.label_names), np.int64)
    for label in np.unique(labels):
        different[label] = len(np.unique(groups[labels == label]))
    present = np.flatnonzero(different)
    rarest = present[different[present].argmin()]
    if different[rarest] < count:
        fewest, name = int(different[rarest]), shown(dataset.label_names[rarest])
        fewer = f"give at most {fewest}, " if fewest > 1 else ""
        raise InputError(
            f"class {name} has {counted(fewest, 'different text')} to train and validate on, and every fold needs one: "
            f"{fewer}add texts of it, or leave such classes out with `min_class_count`",
            option="folds",
            value=count,
        )
    # A second to import, and needed where there are folds alone.
    from sklearn.model_selection import StratifiedGroupKFold

    folds = np.zeros(len(pool), np.int8)
    dealt = StratifiedGroupKFold(n_splits=count, shuffle=True, random_state=seed).split(labels, labels, groups)
    for number, (_, rows) in enumerate(dealt, start=1):
        folds[rows] = number
    return folds


def folds_fingerprint(folds: NDArray[np.int8]) -> str:
    """The SHA-256 of the fold of every text, in hexadecimal."""
    return hashlib.sha256(folds.tobytes()).hexdigest()
