"""Whole searches through the command line, on a local Ray: what a user does, and what happens to users."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from unittest import mock

import pandas as pd
import pyarrow.parquet as pq
import pytest
from object_storage import s3_service
from searches import call, search, start, wait_for_epochs, wait_until, workers_of, write_reviews

from analysis import load
from tuner.runs.journal import read_journal
from tuner.runs.location import remote_folder

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_reviews(tmp_path_factory.mktemp("data") / "reviews.csv")


def decisions(run: Path):
    loaded = load(run)
    return loaded.trials.drop(columns="seconds"), loaded.epochs.drop(columns=["seconds", "tokens_per_second"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data):
    """A search of five trials that nobody interrupts."""
    folder = tmp_path_factory.mktemp("runs")
    result = call(folder, *search(data, "whole", "--trials", "5", "--epochs", "6", "--json"))
    assert result.returncode == 0, result.stderr
    return folder / "whole", result


def test_json_alone_on_stdout_and_no_foreign_lines_on_stderr(whole):
    _, result = whole
    document = json.loads(result.stdout)
    assert [trial["rank"] for trial in document["trials"]] == [1, 2, 3, 4, 5]
    assert result.stdout.count("\n") == 1
    for foreign in ("Warning", "WARNING", "INFO", "raylet", "tensorflow", "/tmp/ray", "Traceback"):
        assert foreign not in result.stderr


def test_the_run_folder_is_what_it_promises(whole):
    run, _ = whole
    assert {path.name for path in run.iterdir()} == {
        "search.yaml", "journal.jsonl", "trials.parquet", "epochs.parquet", "models", "encoder",
    }  # fmt: skip
    assert {path.name for path in (run / "encoder").iterdir()} == {"vocabulary.json", "tokenizer.json", "labels.json"}
    assert not [path for path in run.rglob("*") if path.suffix in (".pkl", ".pickle")]
    assert not list(run.rglob("*.partial"))
    trials = pq.read_table(run / "trials.parquet").to_pandas()
    assert set(trials["status"]) <= {"completed", "stopped"}
    assert "stopped" in set(trials["status"])
    best = trials.sort_values("val_accuracy").iloc[-1]["trial_id"]
    assert (run / "models" / best / "best.npz").exists()
    assert not list(run.rglob("last.npz"))


def test_a_trial_that_reuses_a_shape_compiles_nothing(whole):
    run, _ = whole
    first_epochs = {}
    for event in read_journal(run / "journal.jsonl"):
        if event.event == "epoch" and event.epoch == 1:
            first_epochs[event.trial] = event.compile_seconds
    trials = load(run).trials
    shapes = list(
        zip(trials["config/units"], trials["config/vocabulary"].clip(upper=trials["parameters"]), strict=True)
    )
    repeats = [trial for i, trial in enumerate(trials["trial_id"]) if shapes[i] in shapes[:i]]
    assert all(first_epochs[trial] == 0.0 for trial in repeats)


def test_an_interruption_while_ray_starts_is_one_line_and_leaves_nothing(tmp_path, data):
    process = start(tmp_path, *search(data, "early"))
    for line in process.stdout:
        if line.startswith("starting Ray"):
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.count("\n") == 1, err
    assert not (tmp_path / "early").exists()


def test_a_search_that_is_broken_off_twice_resumes_to_the_same_numbers(whole, tmp_path, data):
    """By Ctrl-C, and when resumed by SIGTERM; SIGKILL: test_kills.py."""
    command = search(data, "broken", "--trials", "5", "--epochs", "6")
    for how, epochs in ((signal.SIGINT, 4), (signal.SIGTERM, 9)):
        process = start(tmp_path, *command)
        wait_for_epochs(tmp_path / "broken" / "journal.jsonl", epochs, process)
        process.send_signal(how)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "go on with: python -m tuner resume" in out
        command = ["resume", "broken"]
    result = call(tmp_path, *command)
    assert result.returncode == 0, result.stderr
    for broken, unbroken in zip(decisions(tmp_path / "broken"), decisions(whole[0]), strict=True):
        pd.testing.assert_frame_equal(
            broken.sort_values("trial_id", kind="stable", ignore_index=True),
            unbroken.sort_values("trial_id", kind="stable", ignore_index=True),
            check_exact=True,
        )


POPULATION = ["--scheduler", "pbt", "--perturbation-interval", "1", "--trials", "4", "--epochs", "4",
              "--set", "units=4", "--set", "vocabulary=500"]  # fmt: skip


def test_a_population_that_is_killed_goes_on_to_the_same_numbers(tmp_path, data):
    """Paused trials, states that pass from one trial to another and changed rates, through real workers."""
    result = call(tmp_path, *search(data, "whole", *POPULATION))
    assert result.returncode == 0, result.stderr
    process = start(tmp_path, *search(data, "broken", *POPULATION))
    journal = tmp_path / "broken" / "journal.jsonl"
    wait_until(lambda: journal.exists() and b'"donor":"0' in journal.read_bytes(), process, "an exchange")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    result = call(tmp_path, "resume", "broken")
    assert result.returncode == 0, result.stderr
    whole_trials, whole_epochs = decisions(tmp_path / "whole")
    trials, epochs = decisions(tmp_path / "broken")
    pd.testing.assert_frame_equal(trials, whole_trials, check_exact=True)
    pd.testing.assert_frame_equal(
        epochs.sort_values(["trial_id", "epoch"], ignore_index=True),
        whole_epochs.sort_values(["trial_id", "epoch"], ignore_index=True),
        check_exact=True,
    )
    assert set(trials["status"]) == {"completed"}


def test_a_worker_that_dies_loses_an_epoch_and_one_that_hangs_loses_its_trial(tmp_path, data):
    arguments = search(data, "dies", "--trials", "3", "--epochs", "30", "--scheduler", "none", "--epoch-timeout", "40s")
    process = start(tmp_path, *arguments)
    journal = tmp_path / "dies" / "journal.jsonl"
    wait_for_epochs(journal, 2, process)
    for worker in workers_of(process.pid):
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: b'"event":"worker_lost"' in journal.read_bytes(), process, "the loss of a worker")
    wait_for_epochs(journal, 34, process)  # 30 are of the next trial, which had waited; then this one went on
    for worker in workers_of(process.pid):
        os.kill(worker, signal.SIGSTOP)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    run = load(tmp_path / "dies")
    assert run.trials["status"].tolist() == ["failed", "completed", "completed"]
    assert run.trials["error"][0] == "no epoch ended within 40 s (--epoch-timeout)"
    epochs = run.epochs[run.epochs["trial_id"] == "00000"]["epoch"].tolist()
    assert epochs == list(range(1, len(epochs) + 1))
    assert 4 <= len(epochs) < 30


def test_when_every_trial_fails_for_one_reason_the_search_ends_and_says_it_once(tmp_path, data):
    broken = tmp_path / "broken" / "tensorflow"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('libcudnn.so.9: cannot open shared object file')\n")
    path = os.pathsep.join([str(broken.parent), str(Path(__file__).parents[2])])
    result = call(tmp_path, *search(data, "fails", "--trials", "30"), PYTHONPATH=path)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("error: 3 trials failed for the same reason, so the search was ended: ")
    assert "ImportError: libcudnn.so.9: cannot open shared object file" in result.stderr
    assert load(tmp_path / "fails").trials["status"].value_counts()["failed"] == 3


@pytest.fixture(scope="module")
def confirmed(whole):
    """The same search, confirmed without an interruption."""
    run, _ = whole
    confirmed = run.with_name("confirmed")
    shutil.copytree(run, confirmed)
    result = call(run.parent, "confirm", "confirmed", "--top", "1", "--repeats", "2", "--json")
    assert result.returncode == 0, result.stderr
    return confirmed, result


def test_a_confirmation_says_how_sure_it_is(confirmed):
    run, result = confirmed
    document = json.loads(result.stdout)
    assert document["texts"] == 300
    trials = load(run).trials
    tested = trials.loc[trials["test_accuracy"].notna(), "trial_id"].tolist()
    assert len(tested) == 1
    assert {model["model"] for model in document["models"]} == {*tested, "averaged-embeddings"}
    assert all(model["low"] <= model["test_accuracy"] <= model["high"] for model in document["models"])
    assert "which no model has seen yet" in result.stderr
    again = call(run.parent, "confirm", "confirmed", "--top", "1", "--repeats", "2")
    assert "nothing, all is there" in again.stdout
    assert "starting Ray" not in again.stdout
    assert "seen already by 2 models" in " ".join(again.stdout.split())


def test_a_killed_confirmation_goes_on_to_the_same_numbers(whole, confirmed, tmp_path):
    shutil.copytree(whole[0], tmp_path / "broken")
    process = start(tmp_path, "confirm", "broken", "--top", "1", "--repeats", "2")
    journal = tmp_path / "broken" / "journal.jsonl"
    wait_until(lambda: b'"event":"repeat_ended"' in journal.read_bytes(), process, "the end of a repeat")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    result = call(tmp_path, "confirm", "broken", "--top", "1", "--repeats", "2")
    assert result.returncode == 0, result.stderr
    assert "3 trainings" in result.stdout
    broken, whole_table = (
        load(path).repeats.drop(columns="seconds").sort_values(["model", "repeat"], ignore_index=True)
        for path in (tmp_path / "broken", confirmed[0])
    )
    pd.testing.assert_frame_equal(broken, whole_table, check_exact=True)


def test_a_search_on_object_storage_is_killed_resumed_ranked_and_confirmed_there(whole, tmp_path, data):
    with s3_service() as runs:
        home = {"XDG_CACHE_HOME": str(tmp_path)}
        process = start(tmp_path, *search(data, "far", "--trials", "5", "--epochs", "6"), runs_dir=runs, **home)
        wait_until(lambda: list(tmp_path.rglob("far/journal.jsonl")), process, "the working copy")
        wait_for_epochs(next(tmp_path.rglob("far/journal.jsonl")), 4, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
        url = remote_folder(runs).child("far").url
        result = call(tmp_path, "resume", url, **home)
        assert result.returncode == 0, result.stderr
        ranked = call(tmp_path, "rank", "far", "--json", runs_dir=runs, XDG_CACHE_HOME=str(tmp_path / "elsewhere"))
        assert len(json.loads(ranked.stdout)["trials"]) == 5
        with mock.patch.dict(os.environ, XDG_CACHE_HOME=str(tmp_path / "elsewhere")):
            pairs = zip(decisions(url), decisions(whole[0]), strict=True)
        sure = call(
            tmp_path,
            "confirm",
            "far",
            "--top",
            "1",
            "--repeats",
            "2",
            runs_dir=runs,
            XDG_CACHE_HOME=str(tmp_path / "a third"),
        )
        assert sure.returncode == 0, sure.stderr
        with mock.patch.dict(os.environ, XDG_CACHE_HOME=str(tmp_path / "elsewhere")):
            assert len(load(url).repeats) == 4  # two of the model, two of the baseline
        for broken, unbroken in pairs:
            pd.testing.assert_frame_equal(
                broken.sort_values("trial_id", kind="stable", ignore_index=True),
                unbroken.sort_values("trial_id", kind="stable", ignore_index=True),
                check_exact=True,
            )


def test_a_time_budget_ends_the_search_in_good_order(tmp_path, data):
    started = time.monotonic()
    arguments = search(
        data, "short", "--trials", "500", "--epochs", "50", "--time-budget", "25s", "--scheduler", "none"
    )
    result = call(tmp_path, *arguments)
    assert result.returncode == 0, result.stderr
    assert time.monotonic() - started < 90
    assert "time budget: everything so far is in" in result.stdout


def test_an_address_that_does_not_answer_is_one_line(tmp_path, data):
    result = call(tmp_path, *search(data, "nowhere", "--address", "127.0.0.1:1"))
    assert result.returncode == 2
    assert [line for line in result.stderr.splitlines() if line][-1].startswith(
        "error: --address 127.0.0.1:1: no Ray cluster"
    )
    assert not (tmp_path / "nowhere").exists()
