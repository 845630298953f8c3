import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.vocabularies import fitted, ids_of
from tuner.data import encoded
from tuner.data.encoded import EncodedDataset, EncodedSplits, encode, encode_splits
from tuner.data.tokenizer import Tokenizer
from tuner.data.vocabulary import UNKNOWN_ID
from tuner.errors import InputError

TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "dd", "!", "...", "é"]), max_size=8).map(" ".join))
TOKENIZER = Tokenizer()


def rows(data: EncodedDataset) -> list[list[int]]:
    return [data.tokens[start:end].tolist() for start, end in zip(data.offsets[:-1], data.offsets[1:], strict=True)]


def test_texts_become_ids_and_empty_ones_unknown() -> None:
    vocabulary = fitted([["good", "good", "film", "film", "film"]])
    data = encode(["good film", "...", "a film good", "", "film"], [1, 0, 1, 0, 1], TOKENIZER, vocabulary, 2)
    assert rows(data) == [[3, 2], [1], [1, 2], [1], [2]]
    assert len(data) == 5
    assert data.lengths.tolist() == [2, 1, 2, 1, 1]
    assert data.labels.tolist() == [1, 0, 1, 0, 1]
    assert (data.tokens.dtype, data.offsets.dtype, data.labels.dtype) == (np.int32, np.int64, np.int32)


@given(TEXTS, TEXTS, st.integers(1, 9), st.integers(1, 3), st.integers(3, 8))
def test_one_pass_equals_fitting_first_and_encoding_then(
    train: list[str], validation: list[str], max_length: int, min_freq: int, max_tokens: int
) -> None:
    vocabulary, splits, _ = encode_splits(
        train,
        [0] * len(train),
        validation,
        [1] * len(validation),
        TOKENIZER,
        max_length=max_length,
        min_freq=min_freq,
        max_tokens=max_tokens,
    )
    documents = [TOKENIZER.tokenize(text)[:max_length] for text in train]
    assert vocabulary == fitted(documents, min_freq=min_freq, max_tokens=max_tokens)
    for part, texts in ((splits.train, train), (splits.validation, validation)):
        separate = encode(texts, part.labels, TOKENIZER, vocabulary, max_length)
        assert rows(part) == rows(separate)
        assert all(1 <= length <= max_length for length in part.lengths)
        for text, row in zip(texts, rows(part), strict=True):
            assert row == (ids_of(vocabulary, TOKENIZER.tokenize(text)[:max_length]) or [UNKNOWN_ID])


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"word{number % 7} " * (number % 5) for number in range(50)]
    labels = [number % 2 for number in range(50)]
    vocabulary, whole, _ = encode_splits(texts, labels, texts[:9], labels[:9], TOKENIZER, max_length=4)
    monkeypatch.setattr(encoded, "CHUNK_TEXTS", 3)
    vocabulary_of_chunks, chunked, _ = encode_splits(texts, labels, texts[:9], labels[:9], TOKENIZER, max_length=4)
    assert vocabulary_of_chunks == vocabulary
    assert rows(chunked.train) == rows(whole.train)
    assert rows(chunked.validation) == rows(whole.validation)


def test_splits_travel_as_plain_arrays() -> None:
    _, splits, _ = encode_splits(["a a b", "b"], [0, 1], ["a"], [1], TOKENIZER, max_length=4)
    arrays = splits.as_arrays()
    assert all(type(array) is np.ndarray for array in arrays.values())
    restored = EncodedSplits.from_arrays(arrays)
    assert restored.train.tokens is splits.train.tokens
    assert rows(restored.validation) == rows(splits.validation)
    assert restored.validation.labels.tolist() == [1]


def test_bad_input_is_named() -> None:
    vocabulary = fitted([])
    with pytest.raises(InputError, match=r"Every text needs one label\. Received: 2 texts, 1 labels"):
        encode(["a", "b"], [0], TOKENIZER, vocabulary, 5)
    with pytest.raises(InputError, match=r"max_length must be at least 1 token\. Received: 0"):
        encode(["a"], [0], TOKENIZER, vocabulary, 0)
    with pytest.raises(InputError, match="Received: 1 texts, 0 labels"):
        encode_splits(["a"], [0], ["a"], [], TOKENIZER, max_length=5)
