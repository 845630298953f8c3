"""A search whose driver is killed again and again, against one that nobody kills."""

import os
import random
import signal
import time

import pandas as pd
import pytest
from searches import call, start, wait_until, write_reviews

from analysis import load
from tuner.runs.journal import read_journal
from tuner.search.schedulers.rungs import rung_epochs

pytestmark = pytest.mark.ray

# FRONTIER_TUNER_KILLS=20 is the whole of it, some twenty minutes on two quiet processors.
KILLS = int(os.environ.get("FRONTIER_TUNER_KILLS", "1"))
TRIALS, EPOCHS = 24 if KILLS > 1 else 12, 9


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_reviews(tmp_path_factory.mktemp("data") / "reviews.csv", examples=800)


def search(data, name, *, concurrency):
    return [
        "search", "--data", data, "--name", name, "--trials", TRIALS, "--epochs", EPOCHS, "--concurrency", concurrency,
        "--set", "layers=1", "--set", "units=4,8", "--set", "embedding=4", "--set", "cell=gru", "--set", "pooling=max",
        "--set", "vocabulary=500",
    ]  # fmt: skip


def search_with_kills(folder, data, kills, *, concurrency, seed):
    """Runs a search to its end, killing its whole process group at random moments of its life and resuming each time."""
    moments, journal = random.Random(seed), folder / "mine" / "journal.jsonl"
    arguments = search(data, "mine", concurrency=concurrency)
    killed = 0
    while killed < kills:
        process = start(folder, *arguments)
        wait_until(journal.exists, process, "the run folder", seconds=600)
        grown = journal.stat().st_size + moments.randrange(100, 3000)  # some five epochs on average
        while process.poll() is None and journal.stat().st_size < grown:
            time.sleep(0.02)
        time.sleep(moments.random() * 0.3)
        if process.poll() is not None:
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
        arguments = ["resume", "mine"]
        killed += 1
    result = call(folder, "resume", "mine")
    assert result.returncode == 0, result.stderr
    return killed


def decisions(run):
    loaded = load(run)
    epochs = loaded.epochs.drop(columns=["seconds", "tokens_per_second"])
    return loaded.trials.drop(columns="seconds"), epochs.sort_values(["trial_id", "epoch"], ignore_index=True)


def test_with_one_worker_a_search_that_was_killed_ends_as_one_that_was_not(tmp_path, data):
    result = call(tmp_path, *search(data, "whole", concurrency=1))
    assert result.returncode == 0, result.stderr
    killed = search_with_kills(tmp_path, data, KILLS, concurrency=1, seed=5)
    assert killed >= 1
    for broken, whole in zip(decisions(tmp_path / "mine"), decisions(tmp_path / "whole"), strict=True):
        pd.testing.assert_frame_equal(broken, whole, check_exact=True)


def test_with_two_workers_no_trial_is_lost_or_run_twice_and_every_rung_counts_right(tmp_path, data):
    search_with_kills(tmp_path, data, KILLS, concurrency=2, seed=6)
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
        best[event.trial] = max(event.val_accuracy, best.get(event.trial, 0.0))
        if event.epoch in rungs:
            arrivals[event.epoch].append(best[event.trial])
            better = sum(other > best[event.trial] for other in arrivals[event.epoch])
            goes_on = better < -(-len(arrivals[event.epoch]) // 3)
            assert event.decision == ("continue" if goes_on else "stop")
