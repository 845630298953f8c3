import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.encoding import encode_one_by_one
from support.vocabularies import fitted
from tuner.data.encoded import EncodedDataset, EncodedSplits, encode_parts
from tuner.data.tokenizer import Tokenizer
from tuner.errors import InputError

TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "dd", "!", "...", "é"]), max_size=8).map(" ".join))
TOKENIZER = Tokenizer()


def rows(data: EncodedDataset) -> list[list[int]]:
    return [data.tokens[start:end].tolist() for start, end in zip(data.offsets[:-1], data.offsets[1:], strict=True)]


def test_texts_become_ids_and_empty_ones_unknown() -> None:
    texts = ["good film", "...", "a film good", "", "film"]
    training = (["good good film film film"], [0])
    encoded = encode_parts([training, (texts, [1, 0, 1, 0, 1])], TOKENIZER, max_length=2, min_freq=1)
    data = encoded.parts[1]
    assert rows(data) == [[2, 1], [1], [1, 1], [1], [1]]
    assert len(data) == 5
    assert data.lengths.tolist() == [2, 1, 2, 1, 1]
    assert data.labels.tolist() == [1, 0, 1, 0, 1]
    assert (data.tokens.dtype, data.offsets.dtype, data.labels.dtype) == (np.int32, np.int64, np.int32)
    assert encoded.token_counts.tolist() == [5, 2, 0, 3, 0, 1]


@given(st.lists(TEXTS, min_size=1, max_size=3), st.integers(1, 9), st.integers(1, 3), st.integers(3, 8))
def test_one_pass_equals_fitting_first_and_encoding_then(
    parts: list[list[str]], max_length: int, min_freq: int, max_tokens: int
) -> None:
    encoded = encode_parts(
        [(texts, [0] * len(texts)) for texts in parts],
        TOKENIZER,
        max_length=max_length,
        min_freq=min_freq,
        max_tokens=max_tokens,
    )
    documents = [TOKENIZER.tokenize(text)[:max_length] for text in parts[0]]
    assert encoded.vocabulary == fitted(documents, min_freq=min_freq, max_tokens=max_tokens)
    for part, texts in zip(encoded.parts, parts, strict=True):
        assert rows(part) == rows(encode_one_by_one(texts, TOKENIZER, encoded.vocabulary, max_length))
    assert encoded.token_counts.tolist() == [len(TOKENIZER.tokenize(text)) for texts in parts for text in texts]


def test_splits_travel_as_plain_arrays() -> None:
    splits = EncodedSplits(*encode_parts([(["a a b", "b"], [0, 1]), (["a"], [1])], TOKENIZER, max_length=4).parts)
    arrays = splits.as_arrays()
    assert all(type(array) is np.ndarray for array in arrays.values())
    restored = EncodedSplits.from_arrays(arrays)
    assert restored.train.tokens is splits.train.tokens
    assert rows(restored.validation) == rows(splits.validation)
    assert restored.validation.labels.tolist() == [1]


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match=r"Every text needs one label\. Received: 2 texts, 1 labels"):
        encode_parts([(["a", "b"], [0])], TOKENIZER, max_length=5)
    with pytest.raises(InputError, match=r"max_length must be at least 1 token\. Received: 0"):
        encode_parts([(["a"], [0])], TOKENIZER, max_length=0)
    with pytest.raises(InputError, match="Received: 1 texts, 0 labels"):
        encode_parts([(["a"], [0]), (["a"], [])], TOKENIZER, max_length=5)
