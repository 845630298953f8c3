"""The rivals: their n-grams, what they learn, and how they are kept."""

import numpy as np
import pytest

from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.metrics import Scorer
from tuner.rivals.fitting import fit_rivals, longest_ngram, texts_for_rivals
from tuner.rivals.linear_model import read_model
from tuner.rivals.names import LOGISTIC_REGRESSION, RIVALS
from tuner.rivals.ngrams import count_ngrams, find_ngrams

SHAPE = {"vocabulary_size": 10, "longest": 2}


def encoded(texts: list[list[int]], labels: list[int]) -> EncodedDataset:
    offsets = np.cumsum([0, *map(len, texts)])
    return EncodedDataset(np.concatenate(texts).astype(np.int32), offsets, np.asarray(labels, np.int32))


def random_texts(examples: int, classes: int, seed: int) -> EncodedDataset:
    """Texts in which the ids 2, 3, ... tell the classes, beside words that do not."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=examples)
    texts = [[int(label) + 2, *rng.integers(6, 40, size=rng.integers(2, 12))] for label in labels]
    return encoded([rng.permutation(text).tolist() for text in texts], labels.tolist())


def names_of(classes: int) -> tuple[str, ...]:
    return tuple(f"class {number}" for number in range(classes))


def splits(classes: int) -> EncodedSplits:
    return EncodedSplits(random_texts(300, classes, 0), random_texts(100, classes, 1))


def test_ngrams_stay_within_their_text_and_leave_unknown_words_out():
    dataset = encoded([[2, 3, 2], [3, 1, 2], [1]], [0, 1, 0])
    keys, counts = find_ngrams(dataset, min_texts=1, **SHAPE)
    assert keys.tolist() == [2, 3, 23, 32]
    assert counts.starts.tolist() == [0, 4, 6, 6]
    assert counts.features.tolist() == [0, 1, 2, 3, 0, 1]
    assert counts.counts.tolist() == [2, 1, 1, 1, 1, 1]


def test_ngrams_that_few_texts_hold_are_left_out_however_often_one_holds_them():
    keys, counts = find_ngrams(encoded([[2, 2, 2], [3], [3]], [0, 0, 1]), min_texts=2, **SHAPE)
    assert keys.tolist() == [3]
    assert counts.starts.tolist() == [0, 0, 1, 2]


def test_counting_finds_what_was_found():
    dataset = random_texts(50, 2, 0)
    keys, found = find_ngrams(dataset, min_texts=2, vocabulary_size=40, longest=3)
    counted = count_ngrams(dataset, keys, vocabulary_size=40, longest=3)
    assert all(np.array_equal(getattr(found, name), getattr(counted, name)) for name in vars(found))


def test_letters_make_longer_ngrams_than_words():
    assert longest_ngram(characters=True, vocabulary_size=5000) == 3
    assert longest_ngram(characters=False, vocabulary_size=5000) == 2
    assert longest_ngram(characters=True, vocabulary_size=3_000_000) == 2


@pytest.mark.slow  # imports scikit-learn
@pytest.mark.parametrize("classes", [2, 4])
def test_rivals_learn_and_are_kept(classes, tmp_path):
    data = splits(classes)
    scorer = Scorer(label_names=names_of(classes))
    for fitted in fit_rivals(data, scorer, vocabulary_size=40, characters=False):
        assert fitted.metrics["accuracy"] > 0.9
        outputs = 1 if classes == 2 else classes
        features = len(fitted.model.keys)
        scales = features if fitted.name == LOGISTIC_REGRESSION else 0
        assert fitted.model.parameters == features * outputs + outputs + scales
        path = tmp_path / "model.npz"
        path.write_bytes(fitted.model.pack())
        logits = read_model(path).logits(data.validation)
        found = scorer.predictions(logits, data.validation.labels)
        np.testing.assert_allclose(found.log_probabilities, fitted.predictions.log_probabilities, atol=1e-4)


@pytest.mark.slow  # imports scikit-learn
def test_logistic_regression_sees_what_scikit_learn_sees():
    from sklearn.feature_extraction.text import TfidfVectorizer

    from tuner.rivals.linear_model import feature_values

    data = splits(2).train
    texts = [
        " ".join(f"w{i}" for i in data.tokens[start:end])
        for start, end in zip(data.offsets, data.offsets[1:], strict=False)
    ]
    theirs = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit_transform(texts)
    fitted = next(fit_rivals(splits(2), Scorer(label_names=names_of(2)), vocabulary_size=40, characters=False))
    counts = count_ngrams(data, fitted.model.keys, vocabulary_size=40, longest=2)
    ours = feature_values(counts, fitted.model.scales)
    assert len(ours) == theirs.nnz
    np.testing.assert_allclose(np.sort(ours), np.sort(theirs.data), atol=1e-6)


@pytest.mark.slow  # imports scikit-learn
def test_same_texts_give_the_same_numbers():
    scorer = Scorer(label_names=names_of(3))
    first, second = (
        [fitted.model.pack() for fitted in fit_rivals(splits(3), scorer, vocabulary_size=40, characters=False)]
        for _ in range(2)
    )
    assert len(first) == len(RIVALS)
    assert first == second


def test_of_many_tokens_a_part_of_the_texts_is_taken(monkeypatch):
    monkeypatch.setattr("tuner.rivals.fitting._MOST_TOKENS", 200)
    dataset = random_texts(100, 2, 0)
    part = texts_for_rivals(dataset)
    assert 10 < len(part) < 50
    assert len(part.tokens) == part.offsets[-1]
    assert part.tokens[: part.offsets[1]].tolist() == dataset.tokens[: dataset.offsets[1]].tolist()
    assert part.tokens[part.offsets[-2] :].tolist() == dataset.tokens[dataset.offsets[-2] :].tolist()
