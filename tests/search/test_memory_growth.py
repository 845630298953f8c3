import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from support.searches import OWN_RAY, PYTHONPATH
from tuner.search.ray_tune.workers import RECYCLE, MemoryGrowth, WarmWorkerScheduler


def test_a_process_is_worn_once_it_has_grown_by_more_than_it_may():
    growth = MemoryGrowth(32 * 2**20)
    assert not growth.is_too_much
    grown = bytearray(os.urandom(2**20)) * 64
    assert growth.is_too_much
    del grown


def test_each_trial_decides_for_its_own_worker():
    controller, scheduler = SimpleNamespace(), WarmWorkerScheduler()
    kept = []
    for result in ({RECYCLE: True}, {RECYCLE: False}, {}):
        scheduler.on_trial_complete(controller, None, result)
        kept.append(controller._reuse_actors)
    assert kept == [False, True, True]


@pytest.mark.ray
@pytest.mark.usefixtures("on_shared_ray")
def test_a_worn_worker_is_replaced_and_no_trial_fails_or_changes_its_place():
    script = subprocess.run(
        [sys.executable, "-m", "support.grown_workers"],
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
        stdout=subprocess.PIPE, text=True, timeout=300, check=True,
    )  # fmt: skip
    told = json.loads(script.stdout)
    indices, workers = zip(*told["results"], strict=True)
    assert (indices, told["failed"]) == ((0, 1, 2, 3, 4, 5), [])
    assert len(set(workers[:3])) == len(set(workers[3:])) == 1
    assert workers[2] != workers[3]


@pytest.mark.ray
def test_trials_that_are_shorter_than_a_worker_takes_to_start_leave_no_worker_without_one():
    script = subprocess.run(
        [sys.executable, "-m", "support.slow_workers"],
        env={**{name: value for name, value in os.environ.items() if name not in OWN_RAY}, "PYTHONPATH": PYTHONPATH},
        stdout=subprocess.PIPE, text=True, timeout=300, check=True,
    )  # fmt: skip
    told = json.loads(script.stdout)
    indices, workers = zip(*told["results"], strict=True)
    assert (sorted(indices), told["failed"]) == (list(range(len(indices))), [])
    assert len(set(workers)) == 2
    assert len(indices) < 200  # each has ended four: the one that came second too
