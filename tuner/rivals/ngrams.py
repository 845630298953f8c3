"""Sequences of one, two or three tokens of encoded texts as numbers, made and counted with NumPy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tuner.data.encoded import EncodedDataset
from tuner.data.vocabulary import FIRST_WORD_ID


@dataclass(frozen=True, eq=False)
class NgramCounts:
    """How often texts hold which features: a sparse matrix, text after text, the features of a text in their order.

    Attributes:
        starts: int64 [texts + 1], where each text begins in the others, and the end.
        features: int32 [entries], numbers of features.
        counts: float32 [entries], how often the text holds each.
        width: number of features.
    """

    starts: NDArray[np.int64]
    features: NDArray[np.int32]
    counts: NDArray[np.float32]
    width: int

    def document_frequencies(self) -> NDArray[np.int64]:
        """int64 [features], texts that hold each."""
        return np.bincount(self.features, minlength=self.width)

    def only(self, kept: NDArray[np.bool_]) -> "NgramCounts":
        """The same of the features that are kept, numbered anew."""
        numbers = np.cumsum(kept, dtype=np.int64) - 1
        entries = kept[self.features]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(entries)])[self.starts]
        features = numbers[self.features[entries]].astype(np.int32)
        return NgramCounts(starts, features, self.counts[entries], int(kept.sum()))


def ngram_keys(
    tokens: NDArray[np.int32], text_of: NDArray[np.int32], *, vocabulary_size: int, longest: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """All sequences of 1 to ``longest`` known tokens that stand side by side in a text.

    The key of a sequence reads its ids as the digits of a number to the base of the vocabulary's size. Ids of known tokens are
    not 0, so sequences of different lengths have different keys. Sequences with an unknown token are left out.

    Args:
        tokens: ids of all texts, one after the other.
        text_of: the text of each.
        vocabulary_size: above all ids; its power of ``longest`` has to fit into 63 bits.
        longest: most tokens of a sequence.

    Returns:
        Keys, and the text of each.
    """
    known = tokens >= FIRST_WORD_ID
    keys, texts = [tokens[known].astype(np.int64)], [text_of[known]]
    running, whole = tokens.astype(np.int64), known
    for length in range(2, longest + 1):
        whole = whole[:-1] & known[length - 1 :] & (text_of[: 1 - length] == text_of[length - 1 :])
        running = running[:-1] * vocabulary_size + tokens[length - 1 :]
        keys.append(running[whole])
        texts.append(text_of[: 1 - length][whole])
    return np.concatenate(keys), np.concatenate(texts)


def count_ngrams(
    dataset: EncodedDataset, features: NDArray[np.int64], *, vocabulary_size: int, longest: int
) -> NgramCounts:
    """How often each text holds the sequences whose keys are given, in rising order."""
    keys, texts = ngram_keys(dataset.tokens, _text_of(dataset), vocabulary_size=vocabulary_size, longest=longest)
    places = np.minimum(np.searchsorted(features, keys), max(len(features) - 1, 0))
    found = features[places] == keys if len(features) else np.zeros(len(keys), bool)
    return _counted(texts[found], places[found], len(dataset), len(features))


def find_ngrams(
    dataset: EncodedDataset, *, vocabulary_size: int, longest: int, min_texts: int
) -> tuple[NDArray[np.int64], NgramCounts]:
    """The keys of the sequences that at least ``min_texts`` texts hold, in rising order, and how often each text holds them."""
    keys, texts = ngram_keys(dataset.tokens, _text_of(dataset), vocabulary_size=vocabulary_size, longest=longest)
    features, numbers, times = np.unique(keys, return_inverse=True, return_counts=True)
    often = (
        times >= min_texts
    )  # what runs less often is in fewer texts: leaving it out first saves half of the counting
    entries = often[numbers]
    places = (np.cumsum(often) - 1)[numbers[entries]]
    counts = _counted(texts[entries], places, len(dataset), int(often.sum()))
    kept = counts.document_frequencies() >= min_texts
    return features[often][kept], counts.only(kept)


def _text_of(dataset: EncodedDataset) -> NDArray[np.int32]:
    return np.repeat(np.arange(len(dataset), dtype=np.int32), dataset.lengths)


def _counted(texts: NDArray[np.int32], features: NDArray[np.int64], rows: int, width: int) -> NgramCounts:
    pairs = texts.astype(np.int64) * max(width, 1) + features
    pairs.sort()
    first = np.flatnonzero(np.concatenate([np.ones(min(len(pairs), 1), bool), pairs[1:] != pairs[:-1]]))
    row, feature = np.divmod(pairs[first], max(width, 1))
    counts = np.diff(np.append(first, len(pairs))).astype(np.float32)
    return NgramCounts(np.searchsorted(row, np.arange(rows + 1)), feature.astype(np.int32), counts, width)
