"""Trackers of a run, read back by their own libraries."""

import json
import os
import shutil
import socket
import threading
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import optuna
import pytest
from optuna.trial import TrialState

import analysis
from support.folds import folded_run
from support.tracked import told_to_mlflow, told_to_optuna, told_to_tensorboard, written
from tuner.cli.main import run
from tuner.errors import InputError
from tuner.runs.configurations import configurations
from tuner.runs.folder import RunFolder
from tuner.runs.journal import read_journal
from tuner.runs.search_state import SearchState
from tuner.runs.settings import read_settings
from tuner.tracking import following as module
from tuner.tracking.destinations import Destination, destinations, recorded, remembered
from tuner.tracking.following import following, telling, tracker_for
from tuner.tracking.run_log import RunLog
from tuner.tracking.tensorboard import TensorBoard

SAMPLE = Path(analysis.__file__).parent / "sample_run"
KINDS = ["tensorboard", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("optuna", "mlflow"))]
MLFLOW = os.environ.get("FRONTIER_TUNER_MLFLOW")
"""A server that tests use where it is named; CI starts one. Else a database, which is what such a server has behind it."""


@pytest.fixture
def folder(tmp_path):
    """A copy of the sample run, whose journal a test may cut."""
    shutil.copytree(SAMPLE, tmp_path / "sample_run")
    return RunFolder(tmp_path / "sample_run")


def _destination(kind, tmp_path):
    place = f"sqlite:///{tmp_path}/x.db"
    places = {"tensorboard": f"{tmp_path}/tb", "optuna": place, "mlflow": MLFLOW or place}
    return Destination.parse(f"{kind}={places[kind]}")


def _told(kind, tmp_path):
    if kind == "optuna":
        return told_to_optuna(f"sqlite:///{tmp_path}/x.db", "sample_run")
    if kind == "mlflow":
        return told_to_mlflow(_destination(kind, tmp_path).place, tmp_path.name)
    return told_to_tensorboard(tmp_path / "tb" / "sample_run")


def _tell(kind, tmp_path, folder):
    log = RunLog(folder.journal)
    log.read()
    tracker = tracker_for(_destination(kind, tmp_path), folder, read_settings(folder.settings), log)
    tracker.connect()
    tracker.catch_up()
    tracker.close()
    return tuple(tracker.new)


@pytest.mark.parametrize("kind", KINDS)
def test_each_epoch_is_told_once_whatever_was_interrupted(kind, tmp_path, folder, monkeypatch):
    if kind == "mlflow":
        pytest.importorskip("mlflow", reason="needs frontier-tuner[mlflow]")
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", tmp_path.name)
    whole = folder.journal.read_bytes()
    lines = whole.splitlines(keepends=True)
    for count in (20, 21, 90):
        folder.journal.write_bytes(b"".join(lines[:count]) + b'{"time":1')
        _tell(kind, tmp_path, folder)
    folder.journal.write_bytes(whole)
    _tell(kind, tmp_path, folder)
    assert _tell(kind, tmp_path, folder) == (0, 0)
    assert _told(kind, tmp_path) == written(folder)


def test_a_record_that_was_cut_short_is_told_again(tmp_path, folder):
    lines = folder.journal.read_bytes().splitlines(keepends=True)
    folder.journal.write_bytes(b"".join(lines[:8]))
    _tell("tensorboard", tmp_path, folder)
    (file,) = (tmp_path / "tb" / "sample_run" / "00000").iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    assert _tell("tensorboard", tmp_path, folder) == (0, 1)


@pytest.mark.slow
def test_the_pareto_front_is_the_frontier(tmp_path, folder):
    _tell("optuna", tmp_path, folder)
    study = optuna.load_study(study_name="sample_run", storage=f"sqlite:///{tmp_path}/x.db")
    frontier = analysis.frontier(analysis.load(SAMPLE).trials)
    assert sorted(trial.user_attrs["trial"] for trial in study.best_trials) == sorted(frontier["trial_id"])


@pytest.mark.slow
def test_what_is_no_better_than_the_most_frequent_label_is_on_no_pareto_front(tmp_path, folder):
    first, *others = folder.journal.read_bytes().splitlines(keepends=True)
    started = json.loads(first)
    started["objective"] = {"name": "accuracy", "mode": "max", "baseline": 0.9}
    lines = [json.dumps(started).encode() + b"\n", *others]
    for count in (30, len(lines)):  # trials that end before they are told, and afterwards
        folder.journal.write_bytes(b"".join(lines[:count]))
        _tell("optuna", tmp_path, folder)
    study = optuna.load_study(study_name="sample_run", storage=f"sqlite:///{tmp_path}/x.db")
    assert {trial.values[0] > 0.9 for trial in study.trials} == {True, False}
    assert {trial.values[0] > 0.9 for trial in study.best_trials} == {True}


@pytest.mark.slow
def test_with_folds_a_trial_is_a_configuration_with_its_mean(tmp_path):
    whole = folded_run(tmp_path / "folded")
    lines = whole.journal.read_bytes().splitlines(keepends=True)
    for count in (20, 60, len(lines)):  # configurations some of whose folds are still to come, and afterwards
        whole.journal.write_bytes(b"".join(lines[:count]))
        _tell("optuna", tmp_path, whole)
    trials = optuna.load_study(study_name="folded", storage=f"sqlite:///{tmp_path}/x.db").trials
    found = configurations(SearchState(read_journal(whole.journal)))
    assert [trial.user_attrs["trial"] for trial in trials] == [record.trial for record in found]
    states = {"completed": TrialState.COMPLETE, "stopped": TrialState.PRUNED}
    assert [trial.state for trial in trials] == [states[record.status] for record in found]
    assert set(states.values()) == {trial.state for trial in trials}
    means = [[record.value, record.size] for record in found if record.status == "completed"]
    assert [trial.values for trial in trials if trial.state == TrialState.COMPLETE] == means


@pytest.mark.slow
def test_optunas_dashboard_has_trials_curves_and_the_pareto_front(tmp_path, folder):
    dashboard = pytest.importorskip("optuna_dashboard", reason="needs optuna-dashboard, of frontier-tuner[test]")
    _tell("optuna", tmp_path, folder)
    app = dashboard.wsgi(f"sqlite:///{tmp_path}/x.db")
    names = {one["study_name"]: one["study_id"] for one in _asked(app, "/api/studies")["study_summaries"]}
    both, curves = (_asked(app, f"/api/studies/{names[name]}") for name in ("sample_run", "sample_run-metric"))
    assert both["directions"] == ["maximize", "minimize"]
    assert both["objective_names"] == ["val_accuracy", "parameters"]
    assert len(both["trials"]) == 40
    assert len(both["best_trials"]) == len(analysis.frontier(analysis.load(SAMPLE).trials))
    epochs = sum(len(trial["intermediate_values"]) for trial in curves["trials"])
    assert epochs == sum(map(len, written(folder).values()))


def _asked(app, path):
    """What a WSGI application answers, as JSON."""
    environ, answered = {"PATH_INFO": path}, []
    setup_testing_defaults(environ)
    body = b"".join(app(environ, lambda status, _headers, _error=None: answered.append(status)))
    assert answered == ["200 OK"], body[:500]
    return json.loads(body)


@pytest.mark.slow
def test_a_tracker_that_nobody_reaches_ends_nothing_and_is_named_once(tmp_path, folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = []
    gone = Destination("mlflow", f"http://127.0.0.1:{port}")
    with following(folder, read_settings(folder.settings), [gone, _destination("optuna", tmp_path)], said.append):
        pass
    assert len(said) == 1
    assert f"mlflow=http://127.0.0.1:{port} cannot be reached" in said[0]
    assert _told("optuna", tmp_path) == written(folder)


def test_the_end_of_a_search_waits_for_a_slow_tracker_and_not_for_one_that_takes_nothing(tmp_path, folder, monkeypatch):
    said, waits, ended = [], [0.02], threading.Event()
    add = TensorBoard.add
    monkeypatch.setattr(TensorBoard, "add", lambda *what: (ended.wait(waits[0]), add(*what)))
    monkeypatch.setattr(module, "SECONDS_AT_THE_END", 0.5)
    monkeypatch.setattr(module, "_SECONDS_BETWEEN_CHECKS", 0.05)
    slow, stuck = (Destination.parse(f"tensorboard={tmp_path}/{name}") for name in ("slow", "stuck"))
    with following(folder, read_settings(folder.settings), [slow], said.append):
        pass  # forty trials, which take 0.8 seconds together
    assert not said
    assert told_to_tensorboard(tmp_path / "slow" / "sample_run") == written(folder)
    waits[0] = 60
    with following(folder, read_settings(folder.settings), [stuck], said.append):
        pass
    ended.set()
    assert "cannot be reached (does not answer)" in said[0]


def test_two_places_of_one_kind_are_told_side_by_side_and_one_place_by_one_process(tmp_path, folder):
    settings, said = read_settings(folder.settings), []
    both = [Destination.parse(f"tensorboard={tmp_path}/{name}") for name in ("a", "b")]
    with following(folder, settings, both, said.append):
        pass
    assert not said
    assert [len(list((tmp_path / name / "sample_run").glob("000*"))) for name in ("a", "b")] == [40, 40]
    log = RunLog(folder.journal)
    with telling(log, both[0]), following(folder, settings, both[:1], said.append):
        pass
    (sentence,) = said
    assert sentence.count(f"{tmp_path}/a") == 2  # in its beginning, and in the command that tells it later
    assert "(another process tells it of this run already; wait for its end)" in sentence


def test_passwords_are_not_kept():
    assert recorded(["optuna=postgresql://me:secret@host/db"]) == ("optuna=postgresql://me:***@host/db",)
    assert remembered(["optuna=postgresql://me:***@host/db"])[0] == []
    with pytest.raises(InputError, match="no tracker"):
        destinations(["wandb"])


@pytest.mark.slow
def test_mlflow_has_a_child_for_each_trial_once(tmp_path, monkeypatch, capsys):
    pytest.importorskip("mlflow", reason="needs frontier-tuner[mlflow]")
    from mlflow import MlflowClient

    monkeypatch.chdir(tmp_path)
    place = _destination("mlflow", tmp_path).place
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", tmp_path.name)
    for new in (40, 0):
        assert run(["track", str(SAMPLE), "--to", f"mlflow={place}"]) == 0
        assert f"40 trials, of these {new} new" in capsys.readouterr().out
    client = MlflowClient(place)
    experiment = client.get_experiment_by_name(tmp_path.name).experiment_id
    runs = {one.info.run_name: one for one in client.search_runs([experiment])}
    key = runs["00000"].info.run_id
    assert {name: len(client.get_metric_history(key, name)) for name in ("val_accuracy", "parameters")} == {
        "val_accuracy": 6,
        "parameters": 2,  # at the beginning, and with the best epoch
    }
    assert runs["00000"].data.tags["mlflow.parentRunId"] == runs["sample_run"].info.run_id
    assert [one.path for one in client.list_artifacts(runs["sample_run"].info.run_id)] == ["report.html"]
