"""Encoded texts: one flat array of token ids for all of them, which workers map from shared memory without a copy."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tuner.data.texts import Texts
from tuner.data.tokenizer import Tokenizer
from tuner.data.tokenizing import tokenize_all
from tuner.data.vocabulary import DEFAULT_MAX_TOKENS, DEFAULT_MIN_FREQ, UNKNOWN_ID, Vocabulary
from tuner.errors import InputError

if TYPE_CHECKING:
    from tuner.data.batches import Targets


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
        """Number of texts."""
        return len(self.labels)

    def ordered(self, order: NDArray[np.int32]) -> Self:
        """The same texts where the id of a word is its place in ``order``: int32 [token ids], each once."""
        places = np.empty_like(order)
        places[order] = np.arange(len(order), dtype=order.dtype)
        return replace(self, tokens=places[self.tokens])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64 [texts], tokens of each text: at least 1."""
        return np.diff(self.offsets)

    def labelled_among(self, rows: NDArray[np.int64]) -> int:
        """How many of these rows have a label: all, but where a teacher stands in for it."""
        return len(rows)

    def targets_of(self, rows: NDArray[np.int64]) -> "Targets | None":
        """What a teacher says of these texts; None where there is no teacher."""
        return None

    def chosen(self, rows: NDArray[np.int64]) -> "EncodedDataset":
        """The texts of these rows. Copies no tokens."""
        return _ChosenTexts(self.tokens, self.offsets[rows], self.labels[rows], self.lengths[rows])


@dataclass(frozen=True, eq=False)
class _ChosenTexts(EncodedDataset):
    """Some texts of a data set, among the tokens of all.

    Attributes:
        offsets: int64 [texts], where each text begins in ``tokens``.
        sizes: int64 [texts], tokens of each text.
    """

    sizes: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64 [texts], tokens of each text: at least 1."""
        return self.sizes


@dataclass(frozen=True, eq=False)
class EncodedSplits:
    """What a search trains on and what it validates on.

    Attributes:
        train: the texts to train on; with folds, the texts of all folds.
        validation: the texts to validate on; with folds, none.
        vectors: float32 [token ids, width], pretrained word vectors by id, where there are any.
        folds: int8 [training texts], the fold of each, counted from 1, where there are folds.
        informative: int32 [token ids], ids ordered by how much their words tell of the class, padding and unknown first; with
            folds [folds, token ids]; None where no trial asks for it.
    """

    train: EncodedDataset
    validation: EncodedDataset
    vectors: NDArray[np.float32] | None = None
    folds: NDArray[np.int8] | None = None
    informative: NDArray[np.int32] | None = None

    def in_informative_order(self) -> Self:
        """The same texts and vectors where the id of a word is its place in ``informative``."""
        assert self.informative is not None
        return replace(
            self,
            train=self.train.ordered(self.informative),
            validation=self.validation.ordered(self.informative),
            vectors=None if self.vectors is None else self.vectors[self.informative],
        )

    def with_folds(self, folds: NDArray[np.int8]) -> "EncodedSplits":
        """The training texts and then the validation texts as one, with the fold of each."""
        parts = (self.train, self.validation)
        pool = EncodedDataset(
            tokens=np.concatenate([part.tokens for part in parts]),
            offsets=np.concatenate([self.train.offsets, self.validation.offsets[1:] + self.train.offsets[-1]]),
            labels=np.concatenate([part.labels for part in parts]),
        )
        empty = EncodedDataset(pool.tokens[:0], np.zeros(1, np.int64), pool.labels[:0])
        return EncodedSplits(pool, empty, self.vectors, folds)

    def of_fold(self, fold: int) -> "EncodedSplits":
        """What a trial on this fold trains on, the other folds, and what it is validated on. Copies no tokens."""
        assert self.folds is not None
        apart = self.folds == fold
        return EncodedSplits(
            self.train.chosen(np.flatnonzero(~apart)),
            self.train.chosen(np.flatnonzero(apart)),
            self.vectors,
            informative=None if self.informative is None else self.informative[fold - 1],
        )

    def as_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Plain arrays by name, for an object store that maps NumPy arrays without a copy."""
        texts = {
            f"{part}/{name}": getattr(getattr(self, part), name)
            for part in ("train", "validation")
            for name in ("tokens", "offsets", "labels")
        }
        others = {name: getattr(self, name) for name in ("vectors", "folds", "informative")}
        return texts | {name: array for name, array in others.items() if array is not None}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """The inverse of ``as_arrays``; copies nothing."""

        def part(name: str) -> EncodedDataset:
            return EncodedDataset(
                tokens=arrays[f"{name}/tokens"].astype(np.int32, copy=False),
                offsets=arrays[f"{name}/offsets"].astype(np.int64, copy=False),
                labels=arrays[f"{name}/labels"].astype(np.int32, copy=False),
            )

        def other(name: str, kind: Any) -> Any:
            return arrays[name].astype(kind, copy=False) if name in arrays else None

        return cls(
            part("train"),
            part("validation"),
            other("vectors", np.float32),
            other("folds", np.int8),
            other("informative", np.int32),
        )


@dataclass(frozen=True)
class EncodedParts:
    """Parts of one data set in the vocabulary of the first of them.

    Attributes:
        vocabulary: of the training texts.
        parts: the texts of each part.
        token_counts: int64 [texts], how many tokens each text of all parts has before it is cut.
    """

    vocabulary: Vocabulary
    parts: tuple[EncodedDataset, ...]
    token_counts: NDArray[np.int64]


def encode_parts(
    parts: Sequence[tuple[Sequence[str], Sequence[int] | NDArray[np.int32]]],
    tokenizer: Tokenizer,
    *,
    max_length: int,
    min_freq: int = DEFAULT_MIN_FREQ,
    max_tokens: int = DEFAULT_MAX_TOKENS,
) -> EncodedParts:
    """Fits the vocabulary on the training texts and encodes all parts, with every text tokenised once.

    When all words are counted, one look-up turns the places that they have in their piece of the texts into ranks.
    Only the ``max_length`` tokens that are kept of a text count, for no model sees the others. Texts of the other parts
    add nothing to the counts.

    Args:
        parts: Texts of each part and their class indices; the first part is the one to train on.
        tokenizer: What a token is.
        max_length: Tokens that are kept of a text.
        min_freq: As in ``Vocabulary.from_counts``. Default 2.
        max_tokens: As in ``Vocabulary.from_counts``. Default 50,000.

    Raises:
        InputError: Texts and labels differ in number, or a setting is out of its range.
    """
    for texts, labels in parts:
        _check(len(texts), len(labels), max_length)
    tokens: list[deque[NDArray[np.unsignedinteger]]] = [deque() for _ in parts]
    counts, vocabularies = [np.zeros(0, np.int64)], []
    for number, piece in tokenize_all([Texts.of(texts) for texts, _ in parts], tokenizer, max_length):
        tokens[number].append(piece.tokens)
        counts.append(piece.counts)
        vocabularies.append(piece.words)
    words, ids = _united(vocabularies)
    del vocabularies
    frequencies = np.zeros(len(words), np.int64)
    for own_ids, own_tokens in zip(ids, tokens[0], strict=False):  # the training texts come first
        frequencies[own_ids] += np.bincount(own_tokens, minlength=len(own_ids))
    vocabulary = Vocabulary.from_counts(
        dict(zip(words, frequencies.tolist(), strict=True)), min_freq=min_freq, max_tokens=max_tokens
    )
    known = vocabulary.ids
    ranks = np.array([known.get(word, UNKNOWN_ID) for word in words], np.int32)
    ranks_of_pieces = (ranks[own_ids] for own_ids in ids)
    token_counts = np.concatenate(counts)
    lengths = np.split(np.minimum(token_counts, max_length), np.cumsum([len(labels) for _, labels in parts])[:-1])
    encoded = tuple(
        EncodedDataset(*_joined(own_tokens, ranks_of_pieces, own_lengths), np.asarray(labels, np.int32))
        for own_tokens, own_lengths, (_, labels) in zip(tokens, lengths, parts, strict=True)
    )
    return EncodedParts(vocabulary, encoded, token_counts)


def encode_texts(
    texts: Sequence[str], tokenizer: Tokenizer, vocabulary: Vocabulary, *, max_length: int
) -> EncodedDataset:
    """Encodes texts without labels in a vocabulary that is known; their class indices are 0 and mean nothing."""
    known = vocabulary.ids
    pieces: deque[NDArray[np.unsignedinteger]] = deque()
    ranks, counts = [], [np.zeros(0, np.int64)]
    for _, piece in tokenize_all([Texts.of(texts)], tokenizer, max_length):
        pieces.append(piece.tokens)
        ranks.append(np.array([known.get(word, UNKNOWN_ID) for word in piece.words.to_pylist()], np.int32))
        counts.append(piece.counts)
    lengths = np.minimum(np.concatenate(counts), max_length)
    return EncodedDataset(*_joined(pieces, iter(ranks), lengths), np.zeros(len(texts), np.int32))


def _united(vocabularies: Sequence[Any]) -> tuple[list[str], list[NDArray[np.int32]]]:
    """All distinct words, and for each vocabulary the place of each of its words among these."""
    united = pa.chunked_array(vocabularies, pa.string()).dictionary_encode()
    if not united.num_chunks:
        return [], [np.zeros(0, np.int32) for _ in vocabularies]
    places = np.concatenate([chunk.indices.to_numpy() for chunk in united.chunks])
    borders = np.cumsum([0, *map(len, vocabularies)]).tolist()
    return united.chunk(0).dictionary.to_pylist(), [places[start:end] for start, end in pairwise(borders)]


def _joined(
    pieces: deque[NDArray[np.unsignedinteger]], ranks: Iterator[NDArray[np.int32]], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Tokens and offsets of a part, with the token unknown where a text has none.

    Each piece is freed when it is written: all pieces and the whole would be twice as much.
    """
    tokens = np.empty(int(lengths.sum()), np.int32)
    end = 0
    while pieces:
        piece = pieces.popleft()
        np.take(next(ranks), piece, out=tokens[end : end + len(piece)])
        end += len(piece)
    if not lengths.all():
        starts = np.cumsum(lengths) - lengths
        tokens = np.insert(tokens, starts[lengths == 0], np.int32(UNKNOWN_ID))
    return tokens, np.concatenate([np.zeros(1, np.int64), np.cumsum(np.maximum(lengths, 1))])


def _check(texts: int, labels: int, max_length: int) -> None:
    if texts != labels:
        raise InputError(f"Every text needs one label. Received: {texts} texts, {labels} labels. Give as many of both.")
    if max_length < 1:
        raise InputError(f"max_length must be at least 1 token. Received: {max_length}. Use 400 for long reviews.")
