"""Encoded texts: one flat array of token ids for all of them, which workers map from shared memory without a copy."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from tuner.data.tokenizer import Tokenizer
from tuner.data.vocabulary import DEFAULT_MAX_TOKENS, DEFAULT_MIN_FREQ, FIRST_WORD_ID, UNKNOWN_ID, Vocabulary
from tuner.errors import InputError

CHUNK_TEXTS: Final = 1_000  # tokens are strings for so many texts at a time: 1,000 film reviews are some 25 MB


@dataclass(frozen=True, eq=False)
class EncodedDataset:
    """Texts as ids. No text is empty: one without tokens is the single token unknown.

    Attributes:
        tokens: int32 [running tokens], the ids of all texts one after the other.
        offsets: int64 [texts + 1], where each text begins in ``tokens``, and the end.
        labels: int32 [texts], class indices.
    """

    tokens: NDArray[np.int32]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64 [texts], tokens of each text: at least 1."""
        return np.diff(self.offsets)


@dataclass(frozen=True, eq=False)
class EncodedSplits:
    """What a search trains on and what it judges by.

    Attributes:
        train: the texts to train on.
        validation: the texts to judge by.
        vectors: float32 [token ids, width], pretrained word vectors by id, where there are any.
    """

    train: EncodedDataset
    validation: EncodedDataset
    vectors: NDArray[np.float32] | None = None

    def as_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Plain arrays by name, for an object store that maps NumPy arrays without a copy."""
        texts = {
            f"{part}/{name}": getattr(getattr(self, part), name)
            for part in ("train", "validation")
            for name in ("tokens", "offsets", "labels")
        }
        return texts if self.vectors is None else {**texts, "vectors": self.vectors}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """The inverse of ``as_arrays``; copies nothing."""

        def part(name: str) -> EncodedDataset:
            return EncodedDataset(
                tokens=arrays[f"{name}/tokens"].astype(np.int32, copy=False),
                offsets=arrays[f"{name}/offsets"].astype(np.int64, copy=False),
                labels=arrays[f"{name}/labels"].astype(np.int32, copy=False),
            )

        vectors = arrays.get("vectors")
        return cls(
            part("train"), part("validation"), None if vectors is None else vectors.astype(np.float32, copy=False)
        )


def encode(
    texts: Sequence[str],
    labels: Sequence[int] | NDArray[np.int32],
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    max_length: int,
) -> EncodedDataset:
    """Texts to ids, each cut to ``max_length`` tokens as the tokeniser says.

    Raises:
        InputError: Texts and labels differ in number, or ``max_length`` is below 1.
    """
    _check(len(texts), len(labels), max_length)
    known = vocabulary.ids
    tokens, counts = _flat_ids(texts, tokenizer, lambda token: known.get(token, UNKNOWN_ID), max_length)
    return _dataset(tokens, np.minimum(counts, max_length), labels)


def encode_splits(
    train_texts: Sequence[str],
    train_labels: Sequence[int] | NDArray[np.int32],
    validation_texts: Sequence[str],
    validation_labels: Sequence[int] | NDArray[np.int32],
    tokenizer: Tokenizer,
    *,
    max_length: int,
    min_freq: int = DEFAULT_MIN_FREQ,
    max_tokens: int = DEFAULT_MAX_TOKENS,
) -> tuple[Vocabulary, EncodedSplits, NDArray[np.int64]]:
    """Fits the vocabulary on the training texts and encodes both parts, with every text tokenised once.

    Returns the vocabulary, the encoded parts, and how many tokens each text has before it is cut, training first.

    Tokens get provisional ids in the order in which they appear; when all counts are known, one look-up turns these
    into ranks. Only the ``max_length`` tokens that are kept of a text count, for no model sees the others. Validation texts
    add nothing to the counts.

    Args:
        train_texts: Raw training texts.
        train_labels: Their class indices.
        validation_texts: Raw validation texts.
        validation_labels: Their class indices.
        tokenizer: What a token is.
        max_length: Tokens that are kept of a text.
        min_freq: As in ``Vocabulary.from_counts``. Default 2.
        max_tokens: As in ``Vocabulary.from_counts``. Default 50,000.

    Raises:
        InputError: Texts and labels differ in number, or a setting is out of its range.
    """
    _check(len(train_texts), len(train_labels), max_length)
    _check(len(validation_texts), len(validation_labels), max_length)
    provisional: defaultdict[str, int] = defaultdict()
    provisional.default_factory = provisional.__len__
    train_ids, train_counts = _flat_ids(train_texts, tokenizer, provisional.__getitem__, max_length)
    words = list(provisional)
    counts = np.bincount(train_ids, minlength=len(words))
    vocabulary = Vocabulary.from_counts(
        dict(zip(words, counts.tolist(), strict=True)), min_freq=min_freq, max_tokens=max_tokens
    )
    validation_ids, validation_counts = _flat_ids(validation_texts, tokenizer, provisional.__getitem__, max_length)
    ranks = np.full(len(provisional), UNKNOWN_ID, np.int32)
    ranks[[provisional[word] for word in vocabulary.words]] = np.arange(FIRST_WORD_ID, vocabulary.size, dtype=np.int32)
    train, validation = (
        _dataset(ranks[ids], np.minimum(counts, max_length), labels)
        for ids, counts, labels in (
            (train_ids, train_counts, train_labels),
            (validation_ids, validation_counts, validation_labels),
        )
    )
    return vocabulary, EncodedSplits(train, validation), np.concatenate([train_counts, validation_counts])


def _check(texts: int, labels: int, max_length: int) -> None:
    if texts != labels:
        raise InputError(f"Every text needs one label. Received: {texts} texts, {labels} labels. Give as many of both.")
    if max_length < 1:
        raise InputError(f"max_length must be at least 1 token. Received: {max_length}. Use 400 for long reviews.")


def _flat_ids(
    texts: Sequence[str], tokenizer: Tokenizer, token_id: Callable[[str], int], max_length: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Ids of all texts, each cut, in one array (int32), and how many tokens each has before it is cut (int64)."""
    parts: list[NDArray[np.int32]] = []
    counts: list[int] = []
    for start in range(0, len(texts), CHUNK_TEXTS):
        ids: list[int] = []
        for text in texts[start : start + CHUNK_TEXTS]:
            tokens = tokenizer.tokenize(text)
            ids.extend(map(token_id, tokenizer.cut(tokens, max_length)))
            counts.append(len(tokens))
        parts.append(np.array(ids, np.int32))
    return np.concatenate(parts) if parts else np.zeros(0, np.int32), np.array(counts, np.int64)


def _dataset(
    tokens: NDArray[np.int32], lengths: NDArray[np.int64], labels: Sequence[int] | NDArray[np.int32]
) -> EncodedDataset:
    """Puts the token unknown where a text has none, and lengths to offsets."""
    starts = np.cumsum(lengths) - lengths
    tokens = np.insert(tokens, starts[lengths == 0], np.int32(UNKNOWN_ID))
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.maximum(lengths, 1))])
    return EncodedDataset(tokens.astype(np.int32, copy=False), offsets, np.asarray(labels, np.int32))
