"""The ensemble that kept predictions give: which members, which weights, and what is said of it."""

import json
from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest

from analysis import charts, confirmation, ensemble, load, references
from analysis.ensembles import usable_ensemble
from analysis.predictions import repeat_probabilities
from analysis.report.page import render
from support.made_up_runs import made_up_run
from tuner.cli.main import run as command_line
from tuner.errors import InputError
from tuner.measures import Predictions
from tuner.metrics import Objective
from tuner.operations.confirmations import chosen_trials
from tuner.runs.events import RivalEnded
from tuner.runs.predictions import SplitPredictions, SplitTexts, pack_validation, write_predictions

LABELS = np.tile([0, 1], 50)


def keep(run, name, right, labels=LABELS):
    """Keeps predictions with such probabilities of the right class: [texts]."""
    right = np.broadcast_to(right, labels.shape)
    of_second = np.where(labels == 1, right, 1 - right)
    found = Predictions(labels, labels, np.log(np.stack([1 - of_second, of_second], 1)), ("negative", "positive"))
    path = run.folder.validation(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pack_validation(found))


def unsure(wrong, of_wrong=0.4, of_right=0.9):
    """Right but on some of a hundred texts."""
    return np.where(np.isin(np.arange(100), wrong), of_wrong, of_right)


@pytest.fixture
def run(tmp_path):
    folder = made_up_run(tmp_path / "run", trials=6, epochs=2)
    return load(folder.path)


@pytest.fixture
def two(run):
    """A run of which two trials are wrong on other texts, and a third on all that one of these is wrong on."""
    keep(run, "00000", unsure(range(10)))
    keep(run, "00001", unsure(range(10, 24)))
    keep(run, "00002", unsure(range(30), of_wrong=0.01))
    return run


def test_models_that_are_wrong_on_other_texts_are_averaged(two):
    found = ensemble(two)
    assert [(member.name, member.weight, member.value) for member in found.members] == [
        ("00000", 0.5, 0.9),
        ("00001", 0.5, 0.86),
    ]
    assert (found.value, found.cross_fitted, found.best.name, found.candidates) == (1.0, 1.0, "00000", 3)
    sizes = two.trials.set_index("trial_id")["parameters"]
    assert found.parameters == sizes["00000"] + sizes["00001"]
    mean = np.exp(found.found.log_probabilities[range(100), LABELS])
    np.testing.assert_allclose(mean, np.where(np.arange(100) < 24, 0.65, 0.9), atol=1e-3)
    assert "00000 (50\N{NO-BREAK SPACE}%), 00001 (50\N{NO-BREAK SPACE}%): 100.0" in found.sentence
    assert "better than 00000 alone (90.0" in found.sentence


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "log_loss", "roc_auc", "own"])
def test_no_average_of_as_few_models_is_better(tmp_path, monkeypatch, metric):
    """Greedy selection against all of one to three of four models: for the first two it is exact, later hardly worse."""
    if metric == "own":
        (tmp_path / "of_mine.py").write_text(
            "def hits(labels, shares):\n    return (shares.argmax(1) == labels).sum()\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        metric = "of_mine:hits"
    objective = Objective(metric, "min" if metric == "log_loss" else "max")
    folder = made_up_run(tmp_path / "run", trials=6, epochs=2, objective=objective)
    run = load(folder.path)
    rng = np.random.default_rng(0)
    said = {f"0000{number}": 1 / (1 + np.exp(-rng.normal(0.6, 1.5, 100))) for number in range(4)}
    for name, right in said.items():
        keep(run, name, right)
    found = ensemble(run)

    def value(names):
        right = np.mean([said[name].astype(np.float16).astype(float) for name in names], axis=0)
        other = np.where(LABELS == 1, right, 1 - right)
        shares = np.stack([1 - other, other], 1)
        return objective.metric.measure(Predictions(LABELS, shares.argmax(1), np.log(shares), ("negative", "positive")))

    values = [value(names) for size in (1, 2, 3) for names in combinations_with_replacement(said, size)]
    assert objective.turned(found.value) >= objective.turned(found.best.value)
    best = max(values, key=objective.turned)
    assert objective.turned(found.value) >= objective.turned(best) - (3 if metric == "of_mine:hits" else 0.03)
    assert objective.turned(found.cross_fitted) <= objective.turned(found.value)
    assert found.value == pytest.approx(objective.metric.measure(found.found))
    assert sum(member.weight for member in found.members) == pytest.approx(1)


def confirmed(run, models, labels=LABELS):
    """The run with repeats: of each model a list of what each repeat gave the right class of the test texts, ``[texts]``."""
    texts, rows = SplitTexts(np.arange(len(labels)), labels.astype(np.int32)), []
    for model, repeats in models.items():
        for repeat, right in enumerate(repeats, start=1):
            hit = right > 0.5
            predicted = np.where(hit, labels, 1 - labels).astype(np.int16)
            given = SplitPredictions(predicted, np.where(hit, right, 1 - right).astype(np.float32))
            write_predictions(
                run.folder.predictions(model, repeat), {"validation": (texts, given), "test": (texts, given)}
            )
            rows.append(
                {"model": model, "repeat": repeat, "status": "completed", "parameters": 10, "val_accuracy": hit.mean(),
                 "test_accuracy": hit.mean(), "test_loss": 0.5, "thresholds": False}
            )  # fmt: skip
    return replace(run, repeats=pd.DataFrame(rows))


@pytest.mark.slow
def test_the_ensemble_is_evaluated_where_all_its_members_were(two):
    first, second = unsure(range(10)), unsure(range(10, 24))
    worse = unsure([0, 1, *range(10, 24)])  # wrong where the first is wrong, too
    run = confirmed(two, {"00000": [first, first], "00001": [second, worse, second]})
    found = confirmation(run)
    row = found.models.set_index("model").loc["ensemble"]
    assert found.models["model"].iloc[0] == "ensemble"
    assert (row["repeats"], row["test_accuracy"], row["val_accuracy"]) == (2, pytest.approx(0.99), pytest.approx(0.99))
    assert row["low"] < 0.99 <= row["high"]
    assert row["parameters"] == ensemble(two).parameters
    pairs = found.comparisons[["better", "other"]].to_numpy().tolist()
    assert pairs == [["ensemble", "00000"], ["ensemble", "00001"], ["00000", "00001"]]
    page = render(run)
    assert "what it comes to on the test set stands below" in page
    assert "weighted mean of its members" in page
    alone = confirmed(two, {"00000": [first, first]})
    assert "ensemble" not in set(confirmation(alone).models["model"])
    assert "tuner confirm" in render(alone)


def test_of_three_classes_the_probabilities_of_repeats_are_kept(two, tmp_path):
    given = SplitPredictions(
        np.array([2, 0], np.int16), np.array([0.5, 0.75], np.float32),
        np.array([[0.25, 0.25, 0.5], [0.75, 0.25, 0.0]], np.float16),
    )  # fmt: skip
    run = confirmed(two, {"00000": [unsure([])]})
    texts = SplitTexts(np.arange(2), np.array([2, 1], np.int32))
    write_predictions(run.folder.predictions("00000", 1), {"test": (texts, given)})
    data = run.settings.data.model_copy(update={"label_names": ("a", "b", "c")})
    of_three = replace(run, settings=run.settings.model_copy(update={"data": data}))
    labels, found = repeat_probabilities(of_three, "00000", split="test")
    np.testing.assert_array_equal(found, given.probabilities[None])
    assert labels.tolist() == [2, 1]
    write_predictions(run.folder.predictions("00000", 1), {"test": (texts, replace(given, probabilities=None))})
    assert repeat_probabilities(of_three, "00000", split="test") is None  # as an earlier version left them


def test_confirming_an_ensemble_adds_its_members_and_one_that_is_none_is_refused(two, run, tmp_path, capsys):
    assert chosen_trials(two, by="frontier", top=1) == chosen_trials(two, by="frontier", top=1, ensemble=False)
    chosen = chosen_trials(two, by="frontier", top=1, ensemble=True)
    assert chosen[0] == chosen_trials(two, by="frontier", top=1)[0]
    assert {"00000", "00001"} <= set(chosen)
    assert len(chosen) == len(set(chosen))
    bare = made_up_run(tmp_path / "bare", trials=3, epochs=1)
    assert command_line(["confirm", str(bare.path), "--ensemble"]) == 2
    assert capsys.readouterr().err == (
        "error: --ensemble: the predictions of fewer than two models of bare are kept; leave it out, or resume the search with "
        "more trials\n"
    )


def test_what_adds_nothing_is_no_member(run):
    keep(run, "00000", unsure(range(10)))
    keep(run, "00001", unsure(range(10)))
    keep(run, "00002", unsure(range(20)))
    found = ensemble(run)
    assert found.is_single
    assert found.members[0] == found.best
    better = min(("00000", "00001"), key=lambda trial: -run.trials.set_index("trial_id")["val_accuracy"][trial])
    assert found.best.name == better, "of equals the one that the table has first"
    assert found.sentence == f"no average of the 3 kept models is better than {better} alone"
    with pytest.raises(InputError, match=f"no average .*; give `teacher={better}`"):
        usable_ensemble(run, option="teacher")


def test_without_two_models_there_is_none(run):
    assert ensemble(run) is None
    keep(run, "00003", 0.8)
    assert ensemble(run) is None
    with pytest.raises(
        InputError, match="needs two models whose predictions are kept, run has '00003'; give `trial=best`"
    ):
        usable_ensemble(run, option="trial")


def test_rivals_may_be_members_and_students_not(two):
    metrics = {"accuracy": 0.7}
    rival = RivalEnded(time=9, rival="nb-svm", parameters=5000, val_loss=0.3, val_metrics=metrics, texts=80)
    failed = RivalEnded(time=9, rival="logistic-regression", error="no room")
    with two.folder.journal.open("a") as journal:
        journal.writelines(event.model_dump_json() + "\n" for event in (rival, failed))
    keep(two, "nb-svm", unsure(range(50, 55), of_right=0.99))
    keep(two, "00000-distilled", 0.99)
    found = ensemble(load(two.folder.path))
    assert found.best.name == "nb-svm"
    assert found.best.parameters == 5000
    assert found.candidates == 4


def test_predictions_that_do_not_fit_are_named(two):
    keep(two, "00001", 0.9, labels=np.tile([1, 0], 50))
    with pytest.raises(InputError, match=r"0000\d/validation.npz: is of other texts than .*; restore"):
        ensemble(two)
    two.folder.validation("00001").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"00001/validation.npz: cannot be read"):
        ensemble(two)


def test_rank_and_report_show_it_and_say_what_it_is_worth(two, capsys):
    folder = str(two.folder.path)
    assert command_line(["rank", folder]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "ensemble: 00000 (50 %), 00001 (50 %): 100.0 % validation accuracy with" in printed
    assert "chosen on these texts, 100.0 % where it is chosen on others (5 folds)" in printed
    assert command_line(["rank", folder, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)["ensemble"]
    assert [member["name"] for member in document["members"]] == ["00000", "00001"]
    assert (document["val_accuracy"], document["cross_fitted"]) == (1.0, 1.0)
    assert document["parameters"] == sum(member["parameters"] for member in document["members"])
    page = render(two)
    assert "Beyond the frontier's end: an ensemble" in page
    assert '<table id="ensemble-table"' in page
    assert "Members and weights were chosen on the texts that they are measured on." in page
    averaged = references(two, averaged=ensemble(two)).query("kind == 'ensemble'").iloc[0]
    assert averaged["accuracy"] == 1.0
    assert (
        '"shape": "cross"' in charts.frontier(two.trials, references=references(two, averaged=ensemble(two))).to_json()
    )


def test_where_it_is_not_known_trials_are_ranked_all_the_same(two, capsys):
    two.folder.validation("00001").write_bytes(b"nothing")
    assert command_line(["rank", str(two.folder.path)]) == 0
    assert "ensemble: not known: " in capsys.readouterr().out
    assert command_line(["rank", str(two.folder.path), "--json"]) == 0
    assert "cannot be read" in json.loads(capsys.readouterr().out)["ensemble"]["error"]
    assert "Not known: " in render(two)


def test_a_metric_of_the_users_own_that_is_not_here_is_one_line(tmp_path):
    folder = made_up_run(tmp_path / "run", trials=3, epochs=2, objective=Objective("gone_module:cost", "min"))
    run = load(folder.path)
    for name in ("00000", "00001"):
        keep(run, name, 0.8)
    with pytest.raises(InputError, match=r"the metric gone_module:cost cannot be imported here .*; go to the folder"):
        ensemble(run)
