"""Decision thresholds, held to brute force and to scikit-learn."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.covering import examples
from tuner.measures import Predictions
from tuner.metrics import METRICS, objective_of
from tuner.thresholds import choose_offsets, cross_fitted, takes_thresholds, with_offsets

OBJECTIVES = [objective_of(name) for name in ("macro_f1", "weighted_f1", "balanced_accuracy", "mcc", "f1:class 1")]


def imbalanced(seed, *, texts, classes, digits=6):
    """Made-up predictions whose first class is the most frequent."""
    rng = np.random.default_rng(seed)
    labels = np.minimum(rng.geometric(0.7, texts) - 1, classes - 1)
    logits = (rng.normal(size=(texts, classes)) + 1.5 * np.eye(classes)[labels] + [2, *[0] * (classes - 1)]).round(
        digits
    )
    names = tuple(f"class {number}" for number in range(classes))
    return Predictions.of_logits(logits.astype(np.float32), labels, names)


def value(found, offsets, objective):
    return objective.metric.measure(with_offsets(found, np.asarray(offsets, float)))


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([0, 6]), st.sampled_from(OBJECTIVES))
def test_no_threshold_of_two_classes_is_better(seed, texts, digits, objective):
    found = imbalanced(seed, texts=texts, classes=2, digits=digits)
    gaps = np.unique(found.log_probabilities[:, 0] - found.log_probabilities[:, 1])
    every = [gaps[0] - 1, *(gaps[1:] + gaps[:-1]) / 2, gaps[-1] + 1, 0.0]
    best = max(value(found, [0, offset], objective) for offset in every)
    assert value(found, choose_offsets(found, objective), objective) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.name)
def test_of_three_classes_it_comes_close_to_a_grid(objective):
    for seed in range(5):
        found = imbalanced(seed, texts=60, classes=3)
        grid = np.linspace(-4, 4, 33)
        best = max(value(found, [0, *pair], objective) for pair in product(grid, grid))
        chosen = value(found, choose_offsets(found, objective), objective)
        assert chosen >= max(best - 0.05, value(found, [0, 0, 0], objective))


def test_it_is_no_worse_than_the_threshold_of_scikit_learn():
    model_selection = pytest.importorskip("sklearn.model_selection")
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Known(ClassifierMixin, BaseEstimator):
        """Gives the probabilities that it is asked with."""

        classes_ = np.array([0, 1])

        def fit(self, x, y):
            return self

        def __sklearn_is_fitted__(self):
            return True

        def predict_proba(self, x):
            return x

        def predict(self, x):
            return x.argmax(axis=1)

    found = imbalanced(3, texts=400, classes=2)
    tuned = model_selection.TunedThresholdClassifierCV(Known(), scoring="f1_macro", cv="prefit", refit=False)
    tuned.fit(np.exp(found.log_probabilities), found.labels)
    offsets = choose_offsets(found, OBJECTIVES[0])
    assert value(found, offsets, OBJECTIVES[0]) >= tuned.best_score_ - 1e-12
    assert 1 / (1 + np.exp(offsets[1])) == pytest.approx(tuned.best_threshold_, abs=0.05)


def test_argmax_stays_where_nothing_is_better():
    logits = np.array([[9, 0], [8, 0], [0, 1]], np.float32)
    found = Predictions.of_logits(logits, np.array([0, 0, 1]))
    assert choose_offsets(found, OBJECTIVES[0]).tolist() == [0, 0]


def test_probabilities_of_nothing_are_no_threshold():
    with np.errstate(divide="ignore"):
        chances = np.log(np.array([[1, 0], [1, 0], [0, 1], [0.6, 0.4]]))
    found = Predictions(np.array([0, 0, 1, 1]), chances.argmax(axis=1), chances)
    assert with_offsets(found, choose_offsets(found, OBJECTIVES[0])).predicted.tolist() == [0, 0, 1, 1]


def test_cross_fitting_gains_where_the_best_threshold_is_not_one_half():
    found = imbalanced(1, texts=2_000, classes=2)
    objective = OBJECTIVES[0]
    plain, tuned = objective.metric.measure(found), value(found, choose_offsets(found, objective), objective)
    assert plain + 0.01 < cross_fitted(found, objective) < tuned + 1e-9


def test_metrics_that_take_thresholds():
    assert [name for name in METRICS if takes_thresholds(objective_of(name))] == [
        "balanced_accuracy", "macro_f1", "weighted_f1", "mcc",
    ]  # fmt: skip
    assert [takes_thresholds(objective_of(f"{kind}:spam")) for kind in ("f1", "recall", "precision", "roc_auc")] == [
        True, False, False, False,
    ]  # fmt: skip
