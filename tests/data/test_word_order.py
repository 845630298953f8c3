"""The order of words by how much they tell of the class of their text."""

import math

import numpy as np
import pytest

from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.data.vocabulary import Vocabulary
from tuner.data.word_order import COVERAGE, PRIOR, informative_order, load_order, save_order
from tuner.errors import InputError


def dataset(texts, labels):
    lengths = [len(text) for text in texts]
    return EncodedDataset(
        np.concatenate([np.array(text, np.int32) for text in texts]),
        np.concatenate([[0], np.cumsum(lengths)]),
        np.array(labels, np.int32),
    )


def random_texts(texts=300, size=40, classes=3, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, texts)
    shares = generator.dirichlet(np.ones(size - 1), classes)
    return dataset(
        [1 + generator.choice(size - 1, generator.integers(1, 9), p=shares[label]) for label in labels], labels
    )


def score_by_hand(data, word, classes):
    """Monroe et al. 2008, equations 15, 16, 20 and 22, squared, and the coverage; loops over texts in the place of arrays."""
    texts = [set(data.tokens[start:end].tolist()) for start, end in zip(data.offsets, data.offsets[1:], strict=False)]
    size = 40
    number = [sum(word in text for text in texts) for word in range(size)]
    prior = [PRIOR * (count + 0.01) / (sum(number) + 0.01 * size) for count in number]
    scores = []
    for label in range(classes):
        own = [sum(w in text for text, y in zip(texts, data.labels, strict=True) if y == label) for w in range(size)]
        rest = [total - count for total, count in zip(number, own, strict=True)]
        odds = [
            math.log((counts[word] + prior[word]) / (sum(counts) + PRIOR - counts[word] - prior[word]))
            for counts in (own, rest)
        ]
        variance = 1 / (own[word] + prior[word]) + 1 / (rest[word] + prior[word])
        scores.append((odds[0] - odds[1]) ** 2 / variance)
    return max(scores) + COVERAGE * number[word]


def test_words_are_ordered_by_the_published_score():
    data = random_texts()
    order = informative_order(data, 40, 3)
    assert order.dtype == np.int32
    assert sorted(order.tolist()) == list(range(40))
    assert order[:2].tolist() == [0, 1]
    scores = [score_by_hand(data, int(word), 3) for word in order[2:]]
    assert scores == sorted(scores, reverse=True)


def test_pieces_of_the_texts_are_counted_like_the_whole(monkeypatch):
    data = random_texts()
    whole = informative_order(data, 40, 3)
    for piece in (1, 7, 100):
        monkeypatch.setattr("tuner.data.word_order._PIECE", piece)
        assert informative_order(data, 40, 3).tolist() == whole.tolist()


def test_a_rare_word_of_one_class_tells_less_than_a_frequent_one():
    texts = [[2, 3] for _ in range(60)] + [[2, 4] for _ in range(40)] + [[2, 5, 4] for _ in range(3)]
    order = informative_order(dataset(texts, [1] * 60 + [0] * 43), 6, 2).tolist()
    assert max(order.index(3), order.index(4)) < order.index(5)


def test_equal_words_keep_their_order_by_frequency():
    assert informative_order(dataset([[2, 3, 4], [4, 3, 2]], [0, 1]), 5, 2).tolist() == [0, 1, 2, 3, 4]


def test_ids_words_and_vectors_move_together():
    data = random_texts()
    order = informative_order(data, 40, 3)
    vectors = np.arange(80, dtype=np.float32).reshape(40, 2)
    splits = EncodedSplits.from_arrays(EncodedSplits(data, data, vectors, informative=order).as_arrays())
    moved = splits.in_informative_order()
    vocabulary = Vocabulary(tuple(f"w{rank}" for rank in range(38)), tuple(range(38, 0, -1)), 1000)
    ordered = vocabulary.ordered(order)
    for before, after in zip(data.tokens[:50], moved.train.tokens[:50], strict=True):
        assert moved.vectors[after].tolist() == vectors[before].tolist()
        if before > 1:
            assert ordered.words[after - 2] == vocabulary.words[before - 2]
            assert ordered.counts[after - 2] == vocabulary.counts[before - 2]
    assert moved.train.offsets is data.offsets


def test_the_order_is_kept(tmp_path):
    order = informative_order(random_texts(), 40, 3)
    save_order(tmp_path, order)
    assert load_order(tmp_path).tolist() == order.tolist()
    (tmp_path / "informative.npy").write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"informative\.npy: is missing or damaged.*restore it"):
        load_order(tmp_path)
