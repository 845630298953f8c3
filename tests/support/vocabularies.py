"""Vocabularies of tokenised texts, which a search fits while it encodes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from tuner.data.vocabulary import UNKNOWN_ID, Vocabulary


def fitted(documents: Iterable[Sequence[str]], **settings: Any) -> Vocabulary:
    return Vocabulary.from_counts(Counter(chain.from_iterable(documents)), **settings)


def ids_of(vocabulary: Vocabulary, tokens: Iterable[str]) -> list[int]:
    return [vocabulary.ids.get(token, UNKNOWN_ID) for token in tokens]
