"""The way of the data in one call: from what the user named to arrays of token ids."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tuner.data.classes import drop_rare_classes, join_capitals
from tuner.data.corpus import generate_corpus
from tuner.data.encoded import EncodedDataset, EncodedSplits, encode_parts
from tuner.data.encoder import Encoder
from tuner.data.reading.columns import FIND_ALL, Columns
from tuner.data.reading.loading import load_dataset
from tuner.data.splits import Splits, draw_share, split_rows
from tuner.data.text_dataset import TextDataset
from tuner.data.tokenizer import Tokenizer, Truncation
from tuner.data.vectors import save_vectors
from tuner.data.vocabulary import FIRST_WORD_ID, Vocabulary
from tuner.data.word_order import save_order
from tuner.errors import InputError
from tuner.formatting import share_text

BUILT_IN = "corpus"
"""The source that stands for the generated corpus, which needs no files."""


@dataclass(frozen=True)
class DataRequest:
    """What to read and how to encode it.

    Attributes:
        source: a path, a pattern or a URL, a named data set, or ``BUILT_IN``.
        data_dir: where named sets are looked for and downloaded to.
        split_seed: decides the split where the data give none.
        stop_words: leave English stop words out.
        min_freq: training occurrences that make a word known.
        max_tokens: most token ids known, padding and unknown included.
        max_length: tokens read of a text.
        truncate: which tokens of a longer text are read.
        given_split: use the split that the data give, where they do.
        test_share: of all texts, where a test set is drawn.
        validation_share: of the texts that are not for testing, where a validation set is drawn.
        fraction: share of the texts to use at all, drawn by class with the split's seed.
        columns: those of texts, labels and split.
        validation_data: where the texts to validate on lie, if they lie apart from ``source``.
        test_data: where the texts to test on lie, if they lie apart.
        encoding: of text files, None to find it.
        fold_labels: make labels that differ in capitals only one class.
        min_class_count: examples below which a class is left out.
        drop_rare: leave classes with one example out.
        majority_split: draw a split where a repeated text with several labels counts for the class of most of its rows, else
            for that of its first row, as runs of before did.
        no_cache: read and encode the data anew, even where they are in the cache.
    """

    source: str
    data_dir: Path
    split_seed: int
    stop_words: bool
    min_freq: int
    max_tokens: int
    max_length: int
    given_split: bool = True
    test_share: float = 0.2
    validation_share: float = 0.125
    fraction: float = 1.0
    columns: Columns = FIND_ALL
    validation_data: str | None = None
    test_data: str | None = None
    encoding: str | None = None
    truncate: Truncation = "head"
    fold_labels: bool = False
    min_class_count: int = 1
    drop_rare: bool = False
    majority_split: bool = True
    no_cache: bool = False


@dataclass(frozen=True)
class PreparedData:
    """Everything that a search needs of its data.

    Attributes:
        dataset: all texts.
        splits: which of them train, validate and test.
        tokenizer: what a token is.
        vocabulary: of the training texts.
        encoded: the texts to train and to validate on.
        held_out: the texts to test on, which no trial ever sees.
        token_counts: int64 [texts], tokens of each text of all three parts before any is cut.
        notes: whole sentences that the user should hear.
    """

    dataset: TextDataset
    splits: Splits
    tokenizer: Tokenizer
    vocabulary: Vocabulary
    encoded: EncodedSplits
    held_out: EncodedDataset
    token_counts: NDArray[np.int64]
    notes: tuple[str, ...]


def prepare_data(request: DataRequest) -> PreparedData:
    """Reads, splits, fits the vocabulary on the training set, and encodes.

    Raises:
        InputError: for every fault of the data or of the request.
    """
    dataset = join_capitals(_load(request), fold=request.fold_labels)
    dataset = drop_rare_classes(dataset, minimum=max(request.min_class_count, 2 if request.drop_rare else 1))
    dataset = draw_share(dataset, request.fraction, seed=request.split_seed)
    if not request.given_split:
        dataset = dataclasses.replace(dataset, split=None)
    splits = split_rows(
        dataset,
        seed=request.split_seed,
        validation=request.validation_share * (1 - request.test_share),
        test=request.test_share,
        by_majority=request.majority_split,
    )
    train, validation, test = (
        (dataset.texts.take(rows), dataset.labels[rows]) for rows in (splits.train, splits.validation, splits.test)
    )
    tokenizer, tokenizer_notes = Tokenizer.for_texts(train[0], stop_words=request.stop_words, truncate=request.truncate)
    encoded = encode_parts(
        (train, validation, test),
        tokenizer,
        max_length=request.max_length,
        min_freq=request.min_freq,
        max_tokens=request.max_tokens,
    )
    if encoded.vocabulary.size <= FIRST_WORD_ID:
        raise InputError(
            f"no word occurs {request.min_freq} times in the {len(splits.train):,} training texts: lower `min_freq` or "
            "give more texts"
        )
    cuts = _cuts(encoded.token_counts, tokenizer, request.max_length)
    return PreparedData(
        dataset,
        splits,
        tokenizer,
        encoded.vocabulary,
        EncodedSplits(encoded.parts[0], encoded.parts[1]),
        encoded.parts[2],
        encoded.token_counts,
        (*dataset.notes, *splits.notes, *tokenizer_notes, *cuts),
    )


def _cuts(token_counts: NDArray[np.int64], tokenizer: Tokenizer, max_length: int) -> tuple[str, ...]:
    """A note on the texts that are longer than what is read of them, where there are any."""
    cut = int((token_counts > max_length).sum())
    if not cut:
        return ()
    first, last = tokenizer.kept(max_length)
    ends = " and ".join(f"the {which} {count:,}" for which, count in (("first", first), ("last", last)) if count)
    return (
        f"{share_text(cut / len(token_counts))} of the texts ({cut:,}) are cut to {max_length:,} tokens (`max_length`): "
        f"{ends} are read (`truncate`)",
    )


def _load(request: DataRequest) -> TextDataset:
    if request.source == BUILT_IN:
        return generate_corpus()
    return load_dataset(
        request.source,
        request.columns,
        data_dir=request.data_dir,
        validation_data=request.validation_data,
        test_data=request.test_data,
        encoding=request.encoding,
    )


def save_encoder(folder: Path, prepared: PreparedData, *, max_length: int) -> None:
    """Writes what turns a text into the ids that a model reads: vocabulary, tokeniser settings, label names, word vectors."""
    folder.mkdir()
    Encoder(prepared.tokenizer, prepared.vocabulary, max_length, prepared.dataset.label_names).save(folder)
    if prepared.encoded.vectors is not None:
        save_vectors(folder, prepared.encoded.vectors)
    if prepared.encoded.informative is not None:
        # With folds that of the first, whose trials are those that are kept.
        save_order(folder, np.atleast_2d(prepared.encoded.informative)[0])
