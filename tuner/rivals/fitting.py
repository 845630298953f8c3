"""Fits the rivals with scikit-learn, which only the process that fits imports: it takes a second and 180 MB."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.measures import Predictions
from tuner.metrics import Scorer
from tuner.rivals.linear_model import NgramModel, as_logits, feature_values
from tuner.rivals.names import LOGISTIC_REGRESSION, NB_SVM, RIVALS
from tuner.rivals.ngrams import NgramCounts, count_ngrams, find_ngrams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_MIN_TEXTS = 2  # training texts that have to hold an n-gram
_MOST_TOKENS = 10_000_000  # of the training texts: more would take minutes and gigabytes
_STRENGTHS = (1.0, 4.0, 16.0)  # inverse strengths of regularization that are tried, scikit-learn's C
_SMOOTHING = 1.0  # of the counts in NB-SVM's ratios, the paper's alpha


@dataclass(frozen=True, eq=False)
class FittedRival:
    """A rival, and what it is worth.

    Attributes:
        name: one of ``RIVALS``.
        model: what was fitted.
        strength: the C that is best on the validation texts by the objective.
        texts: training texts that it was fitted to.
        predictions: of the validation texts.
        metrics: of these.
        seconds: that it took, its share of counting n-grams included.
    """

    name: str
    model: NgramModel
    strength: float
    texts: int
    predictions: Predictions
    metrics: dict[str, float]
    seconds: float


def longest_ngram(*, characters: bool, vocabulary_size: int) -> int:
    """Tokens of the longest n-grams: 2 where tokens are words, 3 where letters are tokens."""
    return 3 if characters and vocabulary_size**3 < 2**63 else 2


def fit_rivals(
    data: EncodedSplits, scorer: Scorer, *, vocabulary_size: int, characters: bool, names: tuple[str, ...] = RIVALS
) -> Iterator[FittedRival]:
    """Fits the rivals to the training texts, one after the other. The same texts give the same numbers.

    ``logistic-regression`` is a logistic regression on TF-IDF, with logarithmic counts, smoothed inverse document frequencies
    and rows of norm 1, as scikit-learn's ``TfidfVectorizer(sublinear_tf=True)`` has them. ``nb-svm`` weighs n-grams, which are
    there or not, with the log-count ratios of naive Bayes (Wang and Manning 2012, Baselines and Bigrams). Its linear model has
    the logistic loss, which gives probabilities, as in Mesnil et al. 2014 (Ensemble of Generative and Discriminative
    Techniques for Sentiment Analysis of Movie Reviews), and rows of norm 1. Of more than two classes both tell each from the
    rest.

    Args:
        data: texts to train and to validate on.
        scorer: measures the validation texts; its objective chooses the strength of regularization.
        vocabulary_size: above all ids.
        characters: whether letters are tokens; n-grams have 1 to 3 tokens then, else 1 or 2.
        names: which to fit.
    """
    started = time.perf_counter()
    train = data.train
    shape = {
        "vocabulary_size": vocabulary_size,
        "longest": longest_ngram(characters=characters, vocabulary_size=vocabulary_size),
    }
    keys, counts = find_ngrams(train, min_texts=_MIN_TEXTS, **shape)
    validation = count_ngrams(data.validation, keys, **shape)
    share = (time.perf_counter() - started) / len(names)
    for name in names:
        started = time.perf_counter()
        scales = _inverse_document_frequencies(counts) if name == LOGISTIC_REGRESSION else None
        matrix, validated = (_matrix(each, feature_values(each, scales)) for each in (counts, validation))
        classes = max(len(scorer.label_names), int(train.labels.max()) + 1)
        best: FittedRival | None = None
        for strength, weights, bias in _linear_models(matrix, train.labels, classes, weighs_by_ratio=name == NB_SVM):
            logits = as_logits(validated @ weights + bias, one_vs_rest=classes > 2)
            predictions = scorer.predictions(logits, data.validation.labels)
            metrics = scorer.measured(predictions)
            model = NgramModel(keys, weights, bias, scales, one_vs_rest=classes > 2, **shape)
            fitted = FittedRival(name, model, strength, len(train), predictions, metrics, 0.0)
            if best is None or _score(scorer, fitted) > _score(scorer, best):
                best = fitted
        assert best is not None
        yield replace(best, seconds=share + time.perf_counter() - started)


def _score(scorer: Scorer, fitted: FittedRival) -> float:
    score = scorer.objective.score(fitted.metrics)
    return -np.inf if score is None else score


def texts_for_rivals(train: EncodedDataset) -> EncodedDataset:
    """The training texts, or of more than ten million tokens as many texts, evenly spread, as have about that."""
    if len(train.tokens) <= _MOST_TOKENS:
        return train
    chosen = np.linspace(0, len(train) - 1, len(train) * _MOST_TOKENS // len(train.tokens)).astype(np.int64)
    lengths = train.lengths[chosen]
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    places = np.repeat(train.offsets[chosen] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return EncodedDataset(train.tokens[places], offsets, train.labels[chosen])


def _inverse_document_frequencies(counts: NgramCounts) -> NDArray[np.float32]:
    texts = len(counts.starts) - 1
    return (1 + np.log((1 + texts) / (1 + counts.document_frequencies()))).astype(np.float32)


def _matrix(counts: NgramCounts, values: NDArray[np.float64]) -> "csr_matrix":
    from scipy.sparse import csr_matrix

    return csr_matrix((values, counts.features, counts.starts), shape=(len(counts.starts) - 1, counts.width))


def _linear_models(
    matrix: "csr_matrix", labels: NDArray[np.int32], classes: int, *, weighs_by_ratio: bool
) -> Iterator[tuple[float, NDArray[np.float32], NDArray[np.float32]]]:
    """Logistic regressions of the features, or of these times their log-count ratios, of each strength of regularization.

    The dual is solved, by coordinate descent: a text has few of the features, of which there are more than texts.

    Yields:
        The strength, weights ``[features, outputs]`` and biases ``[outputs]``.
    """
    from sklearn.linear_model import LogisticRegression

    outputs = [1] if classes == 2 else range(classes)
    weights = {strength: np.zeros((matrix.shape[1], len(outputs)), np.float32) for strength in _STRENGTHS}
    bias = {strength: np.zeros(len(outputs), np.float32) for strength in _STRENGTHS}
    for place, label in enumerate(outputs):
        positive = labels == label
        ratios = _log_count_ratios(matrix, positive) if weighs_by_ratio else np.ones(matrix.shape[1])
        weighted = matrix.copy()
        weighted.data *= ratios[matrix.indices]
        for strength in _STRENGTHS:
            fitted = LogisticRegression(C=strength, solver="liblinear", dual=True, tol=0.01, random_state=0)
            fitted.fit(weighted, positive)
            weights[strength][:, place] = fitted.coef_[0] * ratios
            bias[strength][place] = fitted.intercept_[0]
    for strength in _STRENGTHS:
        yield strength, weights[strength], bias[strength]


def _log_count_ratios(matrix: "csr_matrix", chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How much more frequent each feature is in the chosen texts than in the others, as a logarithm."""
    of_text = np.repeat(chosen, np.diff(matrix.indptr))
    of_class, of_others = (
        _SMOOTHING + np.bincount(matrix.indices[of_text == wanted], minlength=matrix.shape[1])
        for wanted in (True, False)
    )
    ratios: NDArray[np.float64] = np.log(of_class / of_class.sum()) - np.log(of_others / of_others.sum())
    return ratios
