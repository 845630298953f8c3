"""A search that pursues another metric than accuracy, less of which is better."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.frontier import frontier, knee
from analysis.ranking import rank
from analysis.recommendation import recommend
from support import fakes
from support.fakes import PLAN, controller_of, drive, run_folder
from tuner.errors import InputError
from tuner.measures import Predictions
from tuner.metrics import ACCURACY, METRICS, Objective, Scorer
from tuner.runs.store import RunStore
from tuner.runs.tables import epochs_table, metrics_of, trials_table
from tuner.search.metric_check import check_metric

ERROR = Objective("error", "min")


def driven(folder, plan):
    store = RunStore(run_folder(folder))
    assert drive(controller_of(store, plan), store)
    store.close()
    return store.search_state


def test_it_decides_as_the_search_for_accuracy_does(tmp_path, monkeypatch):
    """An error rate is one minus accuracy: the same trials are stopped, and the same epochs are the best."""
    of_accuracy = driven(tmp_path / "accuracy", PLAN)

    def with_error(index, epoch, report=fakes.fake_report):
        accuracy = report(index, epoch).metrics["accuracy"]
        return replace(report(index, epoch), metrics={"accuracy": accuracy, "error": 1 - accuracy})

    monkeypatch.setattr(fakes, "fake_report", with_error)
    of_error = driven(tmp_path / "error", replace(PLAN, objective=ERROR))
    assert of_error.objective == ERROR
    for trial, record in of_error.trials.items():
        other = of_accuracy.trials[trial]
        assert (record.status, record.best.epoch) == (other.status, other.best.epoch)
        assert record.value == 1 - other.value
        assert record.score == -record.value
    table = trials_table(of_error)
    assert metrics_of(table.schema.names) == ["error", "accuracy"]
    assert table["val_error"].to_pylist() == [record.value for record in of_error.trials.values()]
    assert {"val_error", "val_accuracy"} < set(epochs_table(of_error).schema.names)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_no_number_has_no_score(value):
    assert ACCURACY.score({"accuracy": value}) is None
    assert ERROR.score({"accuracy": 0.5}) is None


def test_metrics_of_logits_by_hand():
    one_output = Predictions.of_logits(np.array([[-1.0], [2.0], [0.0]], np.float32), np.array([0, 0, 1]))
    assert one_output.predicted.tolist() == [0, 1, 0]
    assert Scorer().measured(one_output)["accuracy"] == 1 / 3
    three = Predictions.of_logits(np.log(np.array([[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]], np.float32)), np.array([1, 0]))
    assert np.exp(three.log_probabilities) == pytest.approx(np.array([[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]]))
    assert three.loss == pytest.approx(-(np.log(0.5) + np.log(0.6)) / 2)


def test_a_metric_is_found_by_its_own_name():
    assert all(name == metric.name == metric.objective.name for name, metric in METRICS.items())


def test_a_trial_that_is_no_better_than_the_most_frequent_label_is_on_no_frontier():
    trials = pd.DataFrame(
        {
            "trial_id": ["a", "b", "c"],
            "val_accuracy": [0.96, 0.97, 0.95],
            "parameters": [100, 200, 50],
            "epochs": [1, 1, 1],
        }
    )
    objective = replace(ACCURACY, baseline=0.96)
    assert frontier(trials, objective=objective)["trial_id"].tolist() == ["b"]
    assert rank(trials, objective=objective)["on_frontier"].tolist() == [True, False, False]
    none = recommend(trials, objective=replace(ACCURACY, baseline=0.99))
    assert none.sentence.startswith(
        "No trial has a better validation accuracy than always giving the most frequent label, 99.0\xa0%"
    )
    assert knee(trials, objective=replace(ACCURACY, baseline=0.99)) is None


def test_what_always_the_most_frequent_label_gives():
    found = Scorer(ACCURACY, ("ham", "spam")).baseline(np.array([0] * 9 + [1]), np.array([0, 0, 0, 1]))
    assert (found["accuracy"], found["balanced_accuracy"], found["mcc"], found["roc_auc"]) == (0.75, 0.5, 0.0, 0.5)
    assert found["macro_f1"] == pytest.approx(0.75 / 1.75)
    assert found["log_loss"] == pytest.approx(-(3 * np.log(0.9) + np.log(0.1)) / 4)
    only_ham = Scorer(ACCURACY, ("ham", "spam")).baseline(np.array([0, 0]), np.array([0, 0]))
    assert only_ham["roc_auc"] is None


LABELS = np.array([0, 0, 1, 1])
NAMES = ("ham", "spam", "phishing")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("f2", "no such metric; there are accuracy"),
        ("f1:Spam", "there is no class 'Spam'; did you mean spam?"),
        ("recall:x", "there is no class 'x'; known: ham, spam, phishing"),
        ("roc_auc", "the validation texts have none of class 'phishing'"),
        ("f1:phishing", "the validation texts have none of class 'phishing'"),
        ("nowhere:cost", "no function 'cost' in module 'nowhere'"),
        ("math:cost", "no function 'cost' in module 'math'"),
        ("math:sqrt", "the function fails on the 4 validation labels"),
    ],
)
def test_a_metric_that_the_texts_do_not_have_is_refused(name, reason):
    with pytest.raises(InputError, match=re.escape(reason)) as refusal:
        check_metric(name, "max", NAMES, LABELS)
    assert (refusal.value.option, refusal.value.value) == ("metric", name)


def test_a_function_of_the_users_own_is_a_metric(tmp_path, monkeypatch):
    (tmp_path / "costs_of_mine.py").write_text(
        "def missed(labels, probabilities):\n    return float(((labels == 1) & (probabilities.argmax(axis=1) != 1)).sum())\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    objective = check_metric("costs_of_mine:missed", "min", NAMES, LABELS)
    assert objective == Objective("costs_of_mine:missed", "min")
    found = Predictions.of_logits(np.array([[1, 0, 0]] * 4, np.float32), LABELS, NAMES)
    assert Scorer(objective, NAMES).measured(found)["costs_of_mine:missed"] == 2.0
