"""A cluster that loses a machine in the middle of a search."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from searches import SMALL, ancestors, call, start, wait_for_epochs, workers_of, write_reviews

from analysis import load
from tuner.runs.journal import read_journal

pytestmark = pytest.mark.ray

EPOCHS = 25


@pytest.fixture(scope="module")
def cluster():
    """Three machines with a processor and a (made-up) GPU each, and a head with neither."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).parents[1] / "small_cluster.py"), "3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},  # its workers import the package
    )
    description = json.loads(process.stdout.readline())
    yield {**description, "pid": process.pid}
    process.communicate(timeout=60)


def test_a_client_whose_tokens_are_not_the_clusters_is_refused_in_one_line(cluster, tmp_path):
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}
    result = call(tmp_path, "search", "--name", "refused", "--address", cluster["address"], **token)
    assert result.returncode == 2
    assert "no worker starts there" in [line for line in result.stderr.splitlines() if line][-1]
    assert not (tmp_path / "refused").exists()


def test_the_trials_of_a_machine_that_dies_go_on_elsewhere(cluster, tmp_path):
    data = write_reviews(tmp_path / "reviews.csv", examples=4000)
    process = start(
        tmp_path, "search", "--data", data, "--name", "spot", *SMALL, "--trials", "3", "--epochs", EPOCHS, "--scheduler",
        "none", "--concurrency", "2", "--gpus-per-trial", "1", "--address", cluster["address"], RAY_AUTH_MODE="disabled",
    )  # fmt: skip
    wait_for_epochs(tmp_path / "spot" / "journal.jsonl", 4, process)
    worker = workers_of(cluster["pid"])[0]
    (raylet,) = [pid for pid in ancestors(worker) if pid in cluster["raylets"]]
    os.kill(raylet, signal.SIGKILL)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err

    run = load(tmp_path / "spot")
    assert run.trials["status"].tolist() == ["completed"] * 3
    assert run.epochs.groupby("trial_id")["epoch"].apply(list).tolist() == [list(range(1, EPOCHS + 1))] * 3
    events = list(read_journal(tmp_path / "spot" / "journal.jsonl"))
    lost = [event for event in events if event.event == "worker_lost"]
    assert [event.reason for event in lost] == ["its node went away"]
    assert [event.trial for event in events if event.event == "trial_started"].count(lost[0].trial) == 2
