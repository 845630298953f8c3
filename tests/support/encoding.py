"""Texts as ids, one by one: what the product's ways to them are compared with."""

from collections.abc import Sequence

import numpy as np

from support.vocabularies import ids_of
from tuner.data.encoded import EncodedDataset
from tuner.data.tokenizer import Tokenizer
from tuner.data.vocabulary import UNKNOWN_ID, Vocabulary


def encode_one_by_one(
    texts: Sequence[str], tokenizer: Tokenizer, vocabulary: Vocabulary, max_length: int
) -> EncodedDataset:
    """The texts in a vocabulary, each cut to ``max_length`` tokens, all of class 0."""
    rows = [ids_of(vocabulary, tokenizer.cut(tokenizer.tokenize(text), max_length)) or [UNKNOWN_ID] for text in texts]
    tokens = np.array([token for row in rows for token in row], np.int32)
    return EncodedDataset(tokens, np.cumsum([0, *map(len, rows)]), np.zeros(len(texts), np.int32))
