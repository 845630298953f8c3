"""A search that pursues another metric than accuracy, less of which is better."""

from dataclasses import replace

import numpy as np
import pytest

from support import fakes
from support.fakes import PLAN, controller_of, drive, run_folder
from tuner.metrics import ACCURACY, METRICS, Objective, Predictions, measured
from tuner.runs.store import RunStore
from tuner.runs.tables import epochs_table, metrics_of, trials_table

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
    assert measured(one_output)["accuracy"] == 1 / 3
    three = Predictions.of_logits(np.log(np.array([[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]], np.float32)), np.array([1, 0]))
    assert np.exp(three.log_probabilities) == pytest.approx(np.array([[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]]))
    assert three.loss == pytest.approx(-(np.log(0.5) + np.log(0.6)) / 2)


def test_a_metric_is_found_by_its_own_name():
    assert all(name == metric.name == metric.objective.name for name, metric in METRICS.items())
