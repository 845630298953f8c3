"""Searches and confirmations that are killed, against those that are not. The training is quick, all else is real."""

import json
import os
import random
import shutil
import signal
import time
from importlib.util import find_spec
from unittest import mock

import pandas as pd
import pytest

from analysis import load
from support.object_storage import s3_service
from support.searches import (
    SMALL,
    assert_same_decisions,
    kill,
    run_here,
    start,
    wait_for_epochs,
    wait_until,
    write_reviews,
)
from support.tracked import told_to_optuna, told_to_tensorboard, written
from tuner.runs.folder import RunFolder
from tuner.runs.journal import read_journal
from tuner.runs.location import remote_folder
from tuner.search.schedulers.halving import rung_epochs

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("on_shared_ray")]

KILLS = int(os.environ.get("FRONTIER_TUNER_KILLS", "1"))
"""How often each of the two searches below is killed; 20 for every moment of their lives, some minutes."""

SLOWLY = {"QUICK_SECONDS_PER_EPOCH": "0.2"}
"""For what is interrupted: time enough to do so before it ends, also where the machine is busy."""

TRIALS, EPOCHS = 24 if KILLS > 1 else 12, 9


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_reviews(tmp_path_factory.mktemp("data") / "reviews.csv", examples=400)


def search(data, name, *more, concurrency=1):
    return [
        "search", "--data", data, "--name", name, "--trials", TRIALS, "--epochs", EPOCHS, "--concurrency", concurrency,
        *SMALL, "--set", "vocabulary=500", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data, on_shared_ray):
    """A search with one worker that nobody kills."""
    folder = tmp_path_factory.mktemp("whole")
    result = run_here(folder, *search(data, "whole"), quick=True)
    assert result.returncode == 0, result.stderr
    return folder / "whole"


def search_broken_off(folder, data, signals, *more, concurrency, seed):
    """Runs a search to its end, breaking it off at random moments of its life and resuming it each time.

    SIGKILL goes to its whole process group. Returns how often it was interrupted.
    """
    moments, journal = random.Random(seed), folder / "mine" / "journal.jsonl"
    arguments = search(data, "mine", *more, concurrency=concurrency)
    for count, how in enumerate(signals):
        process = start(folder, *arguments, quick=True, **SLOWLY)
        wait_until(journal.exists, process, "the run folder", seconds=600)
        grown = journal.stat().st_size + moments.randrange(100, 3000)  # some five epochs on average
        while process.poll() is None and journal.stat().st_size < grown:
            time.sleep(0.005)
        if process.poll() is not None:
            return count
        if how == signal.SIGKILL:
            kill(process)
        else:
            process.send_signal(how)
            out, err = process.communicate(timeout=60)
            assert process.returncode == 130, err
            assert "go on with: python -m tuner resume" in out
        arguments = ["resume", "mine"]
    result = run_here(folder, "resume", "mine", quick=True)
    assert result.returncode == 0, result.stderr
    return len(signals)


def test_with_one_worker_a_search_that_was_broken_off_ends_as_one_that_was_not(whole, tmp_path, data):
    signals = [signal.SIGINT, signal.SIGTERM, *[signal.SIGKILL] * KILLS]
    assert search_broken_off(tmp_path, data, signals, concurrency=1, seed=5) >= 3
    assert_same_decisions(tmp_path / "mine", whole)


def test_with_two_workers_no_trial_is_lost_or_run_twice_and_every_rung_counts_right(tmp_path, data):
    track = ["--track", f"optuna=sqlite:///{tmp_path}/told.db", "--track", f"tensorboard={tmp_path}/told"]
    asha = ["--scheduler", "asha"]
    assert search_broken_off(tmp_path, data, [signal.SIGKILL] * KILLS, *track, *asha, concurrency=2, seed=6) >= 1
    folder = RunFolder(tmp_path / "mine")
    assert told_to_optuna(f"sqlite:///{tmp_path}/told.db", "mine") == written(folder)
    if find_spec("tensorboard"):
        assert told_to_tensorboard(tmp_path / "told" / "mine") == written(folder)
    events = list(read_journal(tmp_path / "mine" / "journal.jsonl"))
    assert [event.index for event in events if event.event == "trial_proposed"] == list(range(TRIALS))
    reports = [(event.trial, event.epoch) for event in events if event.event == "epoch"]
    assert len(reports) == len(set(reports))
    ended = [event.trial for event in events if event.event == "trial_ended"]
    assert len(ended) == len(set(ended)) == TRIALS

    rungs = rung_epochs(3, 3, EPOCHS)
    arrivals: dict[int, list[float]] = {rung: [] for rung in rungs}
    best: dict[str, float] = {}
    for event in (event for event in events if event.event == "epoch"):
        best[event.trial] = max(event.metrics["accuracy"], best.get(event.trial, 0.0))
        if event.epoch in rungs:
            arrivals[event.epoch].append(best[event.trial])
            better = sum(other > best[event.trial] for other in arrivals[event.epoch])
            goes_on = better < -(-len(arrivals[event.epoch]) // 3)
            assert event.decision == ("continue" if goes_on else "stop")


POPULATION = [
    "--scheduler",
    "pbt",
    "--perturbation-interval",
    "1",
    "--trials",
    "4",
    "--epochs",
    "4",
    "--set",
    "units=4",
]


def test_a_population_that_is_killed_goes_on_to_the_same_numbers(tmp_path, data):
    """Paused trials, states that pass from one trial to another and changed rates, through real workers."""
    result = run_here(tmp_path, *search(data, "whole", *POPULATION), quick=True)
    assert result.returncode == 0, result.stderr
    process = start(tmp_path, *search(data, "broken", *POPULATION), quick=True, **SLOWLY)
    journal = tmp_path / "broken" / "journal.jsonl"
    wait_until(lambda: journal.exists() and b'"source":"0' in journal.read_bytes(), process, "an exchange")
    kill(process)
    result = run_here(tmp_path, "resume", "broken", quick=True)
    assert result.returncode == 0, result.stderr
    assert_same_decisions(tmp_path / "broken", tmp_path / "whole")
    assert set(load(tmp_path / "broken").trials["status"]) == {"completed"}


FOLDED = ["--folds", "3", "--trials", "6", "--epochs", "4", "--scheduler", "asha"]


def test_a_search_on_folds_that_is_killed_trains_and_skips_the_same(tmp_path, data):
    result = run_here(tmp_path, *search(data, "whole", *FOLDED), quick=True)
    assert result.returncode == 0, result.stderr
    process = start(tmp_path, *search(data, "broken", *FOLDED), quick=True, **SLOWLY)
    journal = tmp_path / "broken" / "journal.jsonl"
    wait_until(lambda: journal.exists() and b'"fold":2' in journal.read_bytes(), process, "a second fold")
    kill(process)
    result = run_here(tmp_path, "resume", "broken", quick=True)
    assert result.returncode == 0, result.stderr
    assert_same_decisions(tmp_path / "broken", tmp_path / "whole")
    skipped, whole = (
        {(event.trial, event.folds, event.reason) for event in read_journal(tmp_path / run / "journal.jsonl")
         if event.event == "folds_skipped"} for run in ("broken", "whole")
    )  # fmt: skip
    assert skipped == whole != set()


CONFIRM = ["--top", "1", "--repeats", "2"]


def repeats(run):
    return load(run).repeats.drop(columns="seconds").sort_values(["model", "repeat"], ignore_index=True)


@pytest.fixture(scope="module")
def confirmed(whole):
    """The search that nobody killed, confirmed by a command that nobody killed."""
    run = whole.with_name("confirmed")
    shutil.copytree(whole, run)
    result = run_here(run.parent, "confirm", "confirmed", *CONFIRM, quick=True)
    assert result.returncode == 0, result.stderr
    assert "4 trainings" in result.stdout
    return run


def test_a_killed_confirmation_goes_on_to_the_same_numbers(whole, confirmed, tmp_path):
    shutil.copytree(whole, tmp_path / "broken")
    process = start(tmp_path, "confirm", "broken", *CONFIRM, quick=True, **SLOWLY)
    journal = tmp_path / "broken" / "journal.jsonl"
    wait_until(lambda: b'"event":"repeat_ended"' in journal.read_bytes(), process, "the end of a repeat")
    kill(process)
    done = journal.read_bytes().count(b'"event":"repeat_ended"')
    result = run_here(tmp_path, "confirm", "broken", *CONFIRM, quick=True)
    assert result.returncode == 0, result.stderr
    assert f"{4 - done} training" in result.stdout
    pd.testing.assert_frame_equal(repeats(tmp_path / "broken"), repeats(confirmed), check_exact=True)


def test_a_search_on_object_storage_is_killed_resumed_ranked_and_confirmed_there(whole, confirmed, tmp_path, data):
    with s3_service() as runs:
        here, elsewhere = ({"XDG_CACHE_HOME": str(tmp_path / name)} for name in ("here", "elsewhere"))
        process = start(tmp_path, *search(data, "far"), runs_dir=runs, quick=True, **SLOWLY, **here)
        wait_until(lambda: list(tmp_path.rglob("far/journal.jsonl")), process, "the working copy")
        wait_for_epochs(next(tmp_path.rglob("far/journal.jsonl")), 4, process)
        kill(process)
        url = remote_folder(runs).child("far").url
        result = run_here(tmp_path, "resume", url, quick=True, **here)
        assert result.returncode == 0, result.stderr
        ranked = run_here(tmp_path, "rank", "far", "--json", "--top", TRIALS, runs_dir=runs, **elsewhere)
        assert len(json.loads(ranked.stdout)["trials"]) == TRIALS
        with mock.patch.dict(os.environ, elsewhere):
            assert_same_decisions(url, whole)
        sure = run_here(
            tmp_path, "confirm", "far", *CONFIRM, runs_dir=runs, quick=True, XDG_CACHE_HOME=str(tmp_path / "a third")
        )
        assert sure.returncode == 0, sure.stderr
        with mock.patch.dict(os.environ, elsewhere):
            pd.testing.assert_frame_equal(repeats(url), repeats(confirmed), check_exact=True)
