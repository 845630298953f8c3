"""The metrics, held to scikit-learn."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.covering import examples
from tuner.measures import Predictions
from tuner.metrics import CLASS_METRICS, METRICS, Objective, Scorer, metric_column, objective_of

metrics = pytest.importorskip("sklearn.metrics")


def predictions(labels, logits):
    names = tuple(f"class {number}" for number in range(max(2, logits.shape[1])))
    return Predictions.of_logits(np.asarray(logits, np.float32), np.asarray(labels, np.int32), names)


def by_scikit_learn(found):
    labels, predicted, chances = found.labels, found.predicted, np.exp(found.log_probabilities)
    classes = chances.shape[1]
    one_hot = np.eye(classes)[labels]
    every_class = bool((one_hot.sum(axis=0) > 0).all())
    both = every_class and classes > 1
    return {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, predicted),
        "macro_f1": metrics.f1_score(labels, predicted, average="macro", zero_division=0),
        "weighted_f1": metrics.f1_score(labels, predicted, average="weighted", zero_division=0),
        "mcc": metrics.matthews_corrcoef(labels, predicted),
        "roc_auc": metrics.roc_auc_score(one_hot, found.log_probabilities, average="macro") if both else math.nan,
        "average_precision": (
            metrics.average_precision_score(one_hot, found.log_probabilities, average="macro")
            if every_class
            else math.nan
        ),
        "log_loss": metrics.log_loss(labels, chances, labels=range(classes)),
    }


@st.composite
def made_up(draw):
    classes, texts = draw(st.integers(2, 5)), draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(0, draw(st.integers(1, classes)), texts)  # the last classes may be absent
    logits = rng.normal(size=(texts, classes)).round(draw(st.sampled_from([0, 1, 6])))  # rounded ones tie
    return predictions(labels, logits * draw(st.sampled_from([0.0, 1.0, 5.0])))


@settings(max_examples=examples(300), deadline=None)
@given(made_up())
def test_all_metrics_are_those_of_scikit_learn(found):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of classes that are absent, which is what is tested
        expected = by_scikit_learn(found)
    assert Scorer().measured(found) == pytest.approx(expected, nan_ok=True)
    assert expected.keys() == METRICS.keys()


@settings(max_examples=examples(200), deadline=None)
@given(made_up(), st.integers(0, 4))
def test_metrics_of_a_class_are_those_of_scikit_learn(found, number):
    number %= len(found.label_names)
    own = (found.labels == number).astype(int)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        own, found.predicted == number, average="binary", zero_division=0
    )
    scores = found.log_probabilities[:, number]
    expected = {
        "f1": f1,
        "precision": precision,
        "recall": recall,
        "roc_auc": metrics.roc_auc_score(own, scores) if 0 < own.sum() < len(own) else math.nan,
        "average_precision": metrics.average_precision_score(own, scores) if own.any() else math.nan,
    }
    assert expected.keys() == CLASS_METRICS.keys()
    for kind, value in expected.items():
        objective = objective_of(f"{kind}:{found.label_names[number]}")
        assert objective.metric.measure(found) == pytest.approx(value, nan_ok=True), kind


def test_always_the_larger_class_has_no_worth_but_accuracy():
    found = predictions([0] * 96 + [1] * 4, np.tile([[1.0, 0.0]], (100, 1)))
    measured = Scorer(objective_of("recall:class 1"), found.label_names).measured(found)
    assert measured["accuracy"] == 0.96
    assert measured["balanced_accuracy"] == 0.5
    assert measured["macro_f1"] == pytest.approx(0.96 / 1.96)
    assert (measured["mcc"], measured["roc_auc"], measured["recall:class 1"]) == (0.0, 0.5, 0.0)


def test_a_metric_says_which_way_is_better_and_what_its_column_is_called():
    assert METRICS["log_loss"].objective == Objective("log_loss", "min") == objective_of("log_loss")
    assert objective_of("f1:not spam").mode == "max"
    assert objective_of("my.module:cost", "min") == Objective("my.module:cost", "min")
    assert metric_column("val", "f1:not spam") == "val_f1_not_spam"
    assert objective_of("my.module:cost", "min").column == "val_my_module_cost"
    assert objective_of("log_loss").score({"log_loss": 0.25}) == -0.25
