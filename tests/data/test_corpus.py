import re
from collections import Counter

import numpy as np
import pytest

from tuner.data import corpus_grammar as grammar
from tuner.data.corpus import generate_corpus
from tuner.data.text_dataset import TextDataset
from tuner.data.tokenizer import Tokenizer
from tuner.errors import InputError


@pytest.fixture(scope="module")
def corpus() -> TextDataset:
    return generate_corpus()


def test_it_is_balanced_and_every_text_stands_once(corpus: TextDataset) -> None:
    assert len(corpus) == 8_000
    assert corpus.label_names == ("negative", "positive")
    assert Counter(corpus.labels.tolist()) == {0: 4_000, 1: 4_000}
    assert len(set(corpus.texts)) == len(corpus)
    assert len({tuple(tokens) for tokens in map(Tokenizer().tokenize, corpus.texts)}) > 0.99 * len(corpus)
    assert corpus.split is None
    assert len(corpus.notes) == 1


def test_no_token_sequence_has_both_labels(corpus: TextDataset) -> None:
    labels: dict[tuple[str, ...], set[int]] = {}
    for tokens, label in zip(map(Tokenizer().tokenize, corpus.texts), corpus.labels.tolist(), strict=True):
        labels.setdefault(tuple(tokens), set()).add(label)
    assert all(len(found) == 1 for found in labels.values())


def test_the_seed_decides() -> None:
    assert generate_corpus(examples=200).fingerprint == generate_corpus(examples=200, seed=0).fingerprint
    assert generate_corpus(examples=200, seed=1).fingerprint != generate_corpus(examples=200, seed=0).fingerprint
    assert generate_corpus(examples=200).texts == generate_corpus(examples=400).texts[:200]


def test_reviews_are_short_and_their_words_few(corpus: TextDataset) -> None:
    documents = [Tokenizer().tokenize(text) for text in corpus.texts]
    lengths = [len(document) for document in documents]
    assert min(lengths) >= 3
    assert max(lengths) <= 50
    assert 12 <= np.median(lengths) <= 22
    assert 400 <= len({word for document in documents for word in document}) <= 1_000


def test_patterns_are_filled_and_written_as_sentences(corpus: TextDataset) -> None:
    for text in corpus.texts:
        assert not re.search(r"[{}]|\s[.,?]|\s\s|^\s|\.\.", text), text
        assert text.endswith(".")


def test_no_single_word_tells_the_label(corpus: TextDataset) -> None:
    positive: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for tokens, label in zip(map(Tokenizer().tokenize, corpus.texts), corpus.labels.tolist(), strict=True):
        total.update(set(tokens))
        positive.update(set(tokens) if label else ())
    frequent = [word for word, count in total.items() if count >= 200]
    assert len(frequent) > 50
    assert all(0.2 < positive[word] / total[word] < 0.8 for word in frequent)


def test_words_of_praise_are_no_words_of_blame() -> None:
    praise = {*grammar.COMMON_PRAISE, *grammar.LIKED, *(word for domain in grammar.DOMAINS for word in domain.praise)}
    blame = {*grammar.COMMON_BLAME, *grammar.DISLIKED, *(word for domain in grammar.DOMAINS for word in domain.blame)}
    assert not praise & blame


@pytest.mark.parametrize("examples", [-1, 1, 200_001])
def test_a_number_of_examples_out_of_range_is_an_input_error(examples: int) -> None:
    with pytest.raises(InputError, match=rf"examples must be 2 to 200000\. Received: {examples}\."):
        generate_corpus(examples=examples)
