"""Which teacher is meant, and whom it can teach."""

import numpy as np
import pandas as pd
import pytest

from analysis import ensemble, frontier, load
from support.made_up_runs import made_up_run
from tuner.cli.main import run as command_line
from tuner.cli.teachers import Teacher, named_teacher
from tuner.errors import InputError
from tuner.measures import Predictions
from tuner.runs.events import RivalEnded
from tuner.runs.predictions import pack_validation


@pytest.fixture
def run(tmp_path):
    """A made-up run whose frontier has weights and predictions, each wrong on ten texts of its own."""
    folder = made_up_run(tmp_path / "run", trials=12, epochs=4)
    loaded = load(folder.path)
    labels = np.tile([0, 1], 50)
    for number, trial in enumerate(frontier(loaded.trials)["trial_id"]):
        folder.weights(trial).parent.mkdir(parents=True)
        folder.weights(trial).write_bytes(trial.encode())
        right = np.where(np.arange(100) // 10 == number, 0.4, 0.9)
        shares = np.stack([np.where(labels == each, right, 1 - right) for each in (0, 1)], 1)
        found = Predictions(labels, labels, np.log(shares), ("negative", "positive"))
        folder.validation(trial).write_bytes(pack_validation(found))
    return loaded


def test_the_best_teaches_those_of_the_frontier_that_are_smaller(run):
    teacher, front = named_teacher(run, "best"), frontier(run.trials)
    assert [model.name for model in teacher.models] == [front["trial_id"].iloc[-1]]
    assert teacher.models[0].content == front["trial_id"].iloc[-1].encode()
    assert teacher.smaller(run) == front["trial_id"].tolist()[:-1]


def test_an_ensemble_and_a_file_teach_all_of_the_frontier(run):
    front = frontier(run.trials)["trial_id"].tolist()
    teacher, chosen = named_teacher(run, "ensemble"), ensemble(run)
    assert [(model.name, model.weight) for model in teacher.models] == [
        (member.name, member.weight) for member in chosen.members
    ]
    assert len(teacher.models) == 2, "two are right on all texts"
    assert [model.content for model in teacher.models] == [model.name.encode() for model in teacher.models]
    assert teacher.title == f"ensemble of {chosen.title}"
    assert teacher.smaller(run) == front
    assert Teacher.of_file("far/said.csv").smaller(run) == front


def test_an_id_may_leave_its_zeros_out_and_a_rival_teaches_too(run):
    trial = frontier(run.trials)["trial_id"].iloc[-1]
    assert named_teacher(run, str(int(trial))).title == trial
    rival = RivalEnded(time=9, rival="nb-svm", parameters=10**6, val_loss=0.3, val_metrics={"accuracy": 0.8}, texts=80)
    with run.folder.journal.open("a") as journal:
        journal.write(rival.model_dump_json() + "\n")
    path = run.folder.rival("nb-svm")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"its model")
    (model,) = named_teacher(load(run.folder.path), "nb-svm").models
    assert (model.config, model.content) == (None, b"its model")


def test_without_weights_it_cannot_teach(run):
    dropped = sorted(set(run.trials["trial_id"]) - set(frontier(run.trials)["trial_id"]))[0]
    kept = frontier(run.trials)["trial_id"].iloc[0]
    with pytest.raises(InputError, match=f"no such teacher with its weights; .*{kept}"):
        named_teacher(run, dropped)
    for trial in frontier(run.trials)["trial_id"].tolist()[1:]:
        run.folder.validation(trial).unlink()
    with pytest.raises(
        InputError, match=f"needs two models whose predictions are kept, run has '{kept}'; give `teacher=best`"
    ):
        named_teacher(run, "ensemble")


def test_the_smallest_has_nobody_to_teach(run):
    smallest = named_teacher(run, frontier(run.trials)["trial_id"].iloc[0])
    with pytest.raises(InputError, match="no trial on the frontier of run is smaller than"):
        smallest.smaller(run)


def test_runs_with_folds_or_without_results_are_refused(tmp_path, capsys):
    made_up_run(tmp_path / "failed", trials=2, epochs=2, failing=2)
    assert command_line(["distill", "failed", "--runs-dir", str(tmp_path)]) == 2
    assert "no trial of failed has finished an epoch" in capsys.readouterr().err
    folder = made_up_run(tmp_path / "folded", trials=2, epochs=2)
    settings = folder.settings.read_text()
    folder.settings.write_text(settings.replace("folds: null", "folds: {count: 2, texts: [3, 3], fingerprint: x}"))
    assert command_line(["distill", "folded", "--runs-dir", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "folded has 2 folds, each with other training texts; distill a run without folds" in error
    assert error.count("\n") == 1


def test_rank_and_chart_tell_of_students(run, capsys):
    from analysis import charts
    from tuner.runs.events import StudentEnded

    trial = frontier(run.trials)["trial_id"].iloc[0]
    common = {"time": 9, "trial": trial, "teacher": "nb-svm", "fingerprint": "f", "hard_weight": 0.5, "parameters": 7}
    good = StudentEnded(student=f"{trial}-distilled", status="completed", epochs=4, best_epoch=3, val_loss=0.1,
                        val_metrics={"accuracy": 0.999}, **common)  # fmt: skip
    bad = StudentEnded(student="00001-distilled", status="failed", error="no memory", **{**common, "trial": "00001"})
    with run.folder.journal.open("a") as journal:
        journal.writelines(event.model_dump_json() + "\n" for event in (good, bad))
    assert command_line(["rank", "run", "--runs-dir", str(run.folder.path.parent)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert f"{trial}-distilled: a student, {trial} trained again on the probabilities of nb-svm" in printed
    assert "run: 10 of 12 trials and 1 student shown (" in printed
    assert "00001-distilled: could not be trained (no memory)" in printed
    with_students = load(run.folder.path)
    assert "isValid(datum.teacher)" in charts.frontier(with_students.candidates).to_json()
    assert "isValid(datum.teacher)" not in charts.frontier(run.trials).to_json()
    assert pd.isna(with_students.candidates["teacher"].iloc[0])
