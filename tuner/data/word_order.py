"""Which words a small vocabulary keeps: an order of token ids by how much a word tells of the class of its text."""

import io
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tuner.data.encoded import EncodedDataset
from tuner.data.vocabulary import FIRST_WORD_ID
from tuner.errors import InputError

FILE: Final = "informative.npy"
PRIOR: Final = 1_000.0
"""Words that the prior stands for, as many as some ten texts have."""
COVERAGE: Final = 0.005
"""What a text that has the word adds to its score."""
_PIECE: Final = 1 << 23  # tokens that are counted at once


def informative_order(train: EncodedDataset, size: int, classes: int) -> NDArray[np.int32]:
    """Token ids by falling score, equal ones by rank: int32 [size], padding and unknown first.

    The score of a word is the greatest of its classes' ``z ** 2``, where ``z`` is the logarithm of its odds in the texts of
    the class over those in all others, with a Dirichlet prior of the words' shares, in standard deviations (Monroe, Colaresi
    and Quinn 2008, Fightin' Words, equations 16 and 22), and ``COVERAGE`` for each text that has it. A text counts a word
    once. What makes rare words tell little is the deviation: they are names of what another sample of texts does not have,
    such as films. The frequent words that tell nothing by themselves, as "not" and "very", are what a network reads the others
    by: a linear model gains nothing by them, a network 1.0 points on film reviews. It sees the texts to train on alone. How it
    compares with other scores stands in ``tests/benchmarks/README.md``.

    Args:
        train: the texts to train on, ids by frequency.
        size: token ids.
        classes: labels.
    """
    own = _texts_with_words(train, size, classes).astype(np.float64)
    number = own.sum(axis=1, keepdims=True)
    others = number - own
    prior = PRIOR * (number + 0.01) / (number + 0.01).sum()
    difference = _log_odds(own, prior) - _log_odds(others, prior)
    score = (difference**2 / (1.0 / (own + prior) + 1.0 / (others + prior))).max(axis=1) + COVERAGE * number[:, 0]
    score[:FIRST_WORD_ID] = np.inf
    # Rounded, so that a sum in another order, as of another library, does not change places.
    return np.argsort(-score.round(6), kind="stable").astype(np.int32)


def _texts_with_words(train: EncodedDataset, size: int, classes: int) -> NDArray[np.int64]:
    """Texts of each class that have each word: int64 [size, classes]."""
    counts = np.zeros(size * classes, np.int64)
    lengths, running = train.lengths, np.concatenate([[0], np.cumsum(train.lengths)])
    borders = np.searchsorted(running, np.arange(0, running[-1] + _PIECE, _PIECE)).tolist()
    for first, end in pairwise(min(border, len(train)) for border in borders):
        own = lengths[first:end]
        rows = np.repeat(np.arange(first, end), own)
        # Not a slice: the texts of some folds lie among those of all.
        places = np.repeat(train.offsets[first:end] - running[first:end], own) + np.arange(running[first], running[end])
        tokens = train.tokens[places]
        pairs = np.sort(rows * size + tokens)
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]  # a tenth of the time of np.unique
        counts += np.bincount(pairs % size * classes + train.labels[pairs // size], minlength=len(counts))
    return counts.reshape(size, classes)


def _log_odds(found: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each word (rows) among all words, with so many more of each that the prior adds."""
    with_prior = found + prior
    odds: NDArray[np.float64] = np.log(with_prior / (with_prior.sum(axis=0) - with_prior))
    return odds


def save_order(folder: Path, order: NDArray[np.int32]) -> None:
    """Writes the order beside the vocabulary whose ids it holds."""
    np.save(folder / FILE, order, allow_pickle=False)


def load_order(folder: Path) -> NDArray[np.int32]:
    """Reads what ``save_order`` wrote.

    Raises:
        InputError: where it is missing or damaged.
    """
    path = folder / FILE
    try:
        order: NDArray[np.int32] = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        raise InputError(f"{path}: is missing or damaged, and the trial's ids are places in it; restore it") from None
    return order
