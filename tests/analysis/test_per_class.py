"""How a trial does on each class, from the validation predictions that are kept with its weights."""

import json

import numpy as np
import pytest

import analysis
from analysis.predictions import per_class, thresholds, validation_predictions
from support.made_up_runs import made_up_run
from tuner.cli.main import run as tuner
from tuner.errors import InputError
from tuner.measures import Predictions
from tuner.metrics import objective_of
from tuner.runs.predictions import pack_validation, validation_bytes


@pytest.fixture
def run(tmp_path):
    folder = made_up_run(tmp_path / "made_up", trials=3, epochs=2)
    run = analysis.load(str(folder.path))
    names = run.settings.data.label_names
    assert len(names) == 2
    logits = np.array([[2, 0], [3, 0], [0, 1], [1, 0], [0, 5]], np.float32)
    found = Predictions.of_logits(logits, np.array([0, 0, 0, 1, 1]), names)
    best = analysis.rank(run.trials)["trial_id"].iloc[0]
    folder.weights(best).parent.mkdir(parents=True)
    content = pack_validation(found)
    assert len(content) <= validation_bytes(5, 2)
    folder.validation(best).write_bytes(content)
    return run, best


def test_figures_of_each_class(run):
    run, best = run
    table = per_class(run, best)
    first, second = run.settings.data.label_names
    assert table["label"].tolist() == [first, second]
    assert table["texts"].tolist() == [3, 2]
    assert table["precision"].tolist() == [2 / 3, 1 / 2]
    assert table["recall"].tolist() == [2 / 3, 1 / 2]
    assert table["f1"].tolist() == pytest.approx([2 / 3, 1 / 2])
    assert table["mostly_taken_for"].tolist() == [second, first]
    assert np.exp(validation_predictions(run, best).log_probabilities[4]) == pytest.approx([0.00669, 0.99331], abs=1e-3)


def test_a_trial_without_predictions_is_refused_by_name(run):
    run, best = run
    other = next(trial for trial in run.trials["trial_id"] if trial != best)
    with pytest.raises(InputError, match=f"predictions of trial {other} are not kept; there are those of {best}"):
        per_class(run, other)


def test_rank_shows_them(run, capsys):
    run, best = run
    assert tuner(["rank", str(run.folder.path), "--per-class"]) == 0
    assert f"trial {best} on the" in capsys.readouterr().out
    assert tuner(["rank", str(run.folder.path), "--per-class", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["per_class"]
    assert (found["trial"], [each["texts"] for each in found["classes"]]) == (best, [3, 2])
    run.folder.validation(best).unlink()
    assert tuner(["rank", str(run.folder.path), "--per-class"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_report_shows_them(run):
    from analysis.report.page import render

    run, best = run
    chosen = analysis.recommend(run.trials, objective=run.objective).chosen["trial_id"]
    run.folder.validation(best).rename(run.folder.validation(best).parent / "moved")
    assert "Class by class" not in render(run)
    run.folder.validation(chosen).parent.mkdir(parents=True, exist_ok=True)
    (run.folder.validation(best).parent / "moved").rename(run.folder.validation(chosen))
    assert "Class by class" in render(run)


def test_a_class_that_is_never_taken_for_another_has_an_empty_cell(run, capsys):
    run, best = run
    logits = np.array([[2, 0], [3, 0], [0, 1]], np.float32)
    names = run.settings.data.label_names
    content = pack_validation(Predictions.of_logits(logits, np.array([0, 0, 0]), names))
    run.folder.validation(best).write_bytes(content)
    assert per_class(run, best)["mostly_taken_for"].tolist() == [names[1], None]
    assert tuner(["rank", str(run.folder.path), "--per-class"]) == 0
    assert "nan" not in capsys.readouterr().out


def test_thresholds_for_a_metric_of_rare_classes(tmp_path, capsys):
    folder = made_up_run(tmp_path / "rare", trials=3, epochs=2, objective=objective_of("macro_f1"))
    run = analysis.load(str(folder.path))
    names = run.settings.data.label_names
    best = analysis.rank(run.trials, objective=run.objective)["trial_id"].iloc[0]
    logits = np.array([[5, 0], [4, 0], [3, 0], [1, 0], [0, 1]], np.float32)
    folder.weights(best).parent.mkdir(parents=True)
    folder.validation(best).write_bytes(
        pack_validation(Predictions.of_logits(logits, np.array([0, 0, 0, 1, 1]), names))
    )
    found = thresholds(run, best)
    assert (found.argmax, found.chosen) == (pytest.approx((6 / 7 + 2 / 3) / 2), 1.0)
    assert found.rule == f"'{names[1]}' from a probability of 0.12"
    assert found.factors == {names[0]: 1.0, names[1]: pytest.approx(np.exp(2), rel=0.01)}
    assert tuner(["rank", str(run.folder.path), "--per-class"]) == 0
    assert f"best thresholds for macro-F1: '{names[1]}' from a probability of 0.12; macro-F1 1.0000" in " ".join(
        capsys.readouterr().out.split()
    )
    assert tuner(["rank", str(run.folder.path), "--per-class", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["per_class"]["thresholds"]["chosen"] == 1.0


def test_accuracy_takes_no_thresholds(run):
    run, best = run
    assert thresholds(run, best) is None
