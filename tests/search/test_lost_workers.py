"""Workers that die or hang, machines that go away, and time that runs out. The training is quick, all else is real."""

import os
import signal

import pytest

from analysis import load
from support.covering import FULL_CONTRACT
from support.searches import (
    OWN_RAY,
    SMALL,
    ancestors,
    call,
    run_here,
    search,
    start,
    wait_for_epochs,
    wait_until,
    workers_of,
    write_reviews,
)
from support.small_cluster import small_cluster
from tuner.runs.journal import read_journal

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("on_shared_ray")]

EPOCH_TIMEOUT = 40 if FULL_CONTRACT else 8
"""Seconds; longer than the longest epoch on a busy machine, the first one, for which a network is compiled."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_reviews(tmp_path_factory.mktemp("data") / "reviews.csv", examples=4000 if FULL_CONTRACT else 400)


def test_a_worker_that_dies_loses_an_epoch_and_one_that_hangs_loses_its_trial(tmp_path, data):
    limits = ["--scheduler", "none", "--epoch-timeout", f"{EPOCH_TIMEOUT}s"]
    process = start(tmp_path, *search(data, "dies", "--trials", "3", "--epochs", "100", *limits), quick=True, **OWN_RAY)
    journal = tmp_path / "dies" / "journal.jsonl"
    wait_for_epochs(journal, 2, process)
    for worker in workers_of(process.pid):
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: b'"event":"worker_lost"' in journal.read_bytes(), process, "the loss of a worker")

    def goes_on():
        """The next trial, which had waited, has ended, and the first has an epoch since."""
        _, _, since = journal.read_text().partition('"event":"trial_ended","trial":"00001"')
        return '"event":"epoch","trial":"00000"' in since

    wait_until(goes_on, process, "the first trial's next epoch")
    for worker in workers_of(process.pid):
        os.kill(worker, signal.SIGSTOP)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    run = load(tmp_path / "dies")
    assert run.trials["status"].tolist() == ["failed", "completed", "completed"]
    assert run.trials["error"][0] == f"no epoch ended within {EPOCH_TIMEOUT} s (--epoch-timeout)"
    epochs = run.epochs[run.epochs["trial_id"] == "00000"]["epoch"].tolist()
    assert epochs == list(range(1, len(epochs) + 1))
    assert 3 <= len(epochs) < 100


@pytest.mark.skipif(FULL_CONTRACT, reason="no network hangs when it is told to")
def test_a_repeat_of_a_confirmation_that_hangs_is_ended_and_the_next_one_comes(tmp_path, data):
    limits = ["--scheduler", "none", "--epoch-timeout", f"{EPOCH_TIMEOUT}s"]
    result = run_here(tmp_path, *search(data, "hangs", "--trials", "1", "--epochs", "2", *limits), quick=True)
    assert result.returncode == 0, result.stderr
    hangs = {"QUICK_HANGING_TRIAL": "00000-1"}
    result = call(tmp_path, "confirm", "hangs", "--top", "1", "--repeats", "2", quick=True, **hangs)
    assert result.returncode == 0, result.stderr
    repeats = load(tmp_path / "hangs").repeats
    assert repeats["status"].tolist() == ["failed", "completed", "completed", "completed"]
    assert repeats["error"][0] == f"no epoch ended within {EPOCH_TIMEOUT} s (--epoch-timeout)"


def test_a_time_budget_ends_the_search_in_good_order(tmp_path, data):
    limits = ["--time-budget", "3s", "--scheduler", "none"]
    result = call(tmp_path, *search(data, "short", "--trials", "500", "--epochs", "50", *limits), quick=True)
    assert result.returncode == 0, result.stderr
    assert "time budget: everything so far is in" in result.stdout
    events = list(read_journal(tmp_path / "short" / "journal.jsonl"))
    assert events[-1].reason == "time budget"
    assert 3 <= events[-1].time - events[0].time < 60  # 500 trials would take a quarter of an hour


@pytest.fixture(scope="module")
def cluster():
    """Two machines with a processor and a (made-up) GPU each, and a head with neither."""
    with small_cluster(2) as cluster:
        yield cluster


def test_a_client_whose_tokens_are_not_the_clusters_is_refused_in_one_line(cluster, tmp_path):
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}
    result = call(tmp_path, "search", "--name", "refused", "--address", cluster["address"], **token)
    assert result.returncode == 2
    assert "no worker starts there" in [line for line in result.stderr.splitlines() if line][-1]
    assert not (tmp_path / "refused").exists()


def test_the_trials_of_a_machine_that_dies_go_on_elsewhere(cluster, tmp_path, data):
    epochs = 100
    process = start(
        tmp_path, "search", "--data", data, "--name", "spot", *SMALL, "--trials", "3", "--epochs", epochs, "--scheduler",
        "none", "--concurrency", "2", "--gpus-per-trial", "1", "--address", cluster["address"], quick=True,
        RAY_AUTH_MODE="disabled",
    )  # fmt: skip
    journal = tmp_path / "spot" / "journal.jsonl"
    reported = [f'"event":"epoch","trial":"{trial}"' for trial in ("00000", "00001")]
    wait_until(
        lambda: journal.exists() and all(epoch in journal.read_text() for epoch in reported),
        process,
        "both trials' epochs",
    )
    worker = workers_of(cluster["pid"])[0]
    (raylet,) = [pid for pid in ancestors(worker) if pid in cluster["raylets"]]
    os.kill(raylet, signal.SIGKILL)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err

    run = load(tmp_path / "spot")
    assert run.trials["status"].tolist() == ["completed"] * 3
    assert run.epochs.groupby("trial_id")["epoch"].apply(list).tolist() == [list(range(1, epochs + 1))] * 3
    events = list(read_journal(journal))
    lost = [event for event in events if event.event == "worker_lost"]
    assert [event.reason for event in lost] == ["its node went away"]
    assert [event.trial for event in events if event.event == "trial_started"].count(lost[0].trial) == 2
