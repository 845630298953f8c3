"""The shipped cluster files on hosts made of namespaces, as a user runs them. Skipped where such hosts cannot be made."""

import json
import time
from contextlib import suppress
from pathlib import Path

import pytest

from cluster.lab.isolation import run_isolated, what_is_missing

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def _laboratory(tmp_path):
    missing = what_is_missing()
    if missing:
        pytest.skip(missing)
    yield
    deadline = time.monotonic() + 10  # they have been killed, and are being collected
    while left_over(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left_over(tmp_path) == []


def left_over(scratch):
    """Commands of processes that a scenario started; hosts and `ray` have its folder in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            if str(scratch).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
    return found


def test_aws_from_ray_up_to_ray_down_with_a_spot_interruption(tmp_path):
    from cluster.lab import aws_cycle

    run_isolated("aws_cycle", tmp_path, seconds=540)
    facts = json.loads((tmp_path / "facts.json").read_text(encoding="utf-8"))
    assert facts["up"] == 1  # the head alone
    assert facts["open"] == [22, 6379]  # not the dashboard, although no security group stands before it here
    assert facts["bytecode"]
    assert facts["markets"] == ["spot", "spot"]
    assert facts["code"] == 0
    run = facts["run"]
    assert run["status"] == ["completed"] * aws_cycle.TRIALS
    assert run["epochs"] == [list(range(1, aws_cycle.EPOCHS + 1))] * aws_cycle.TRIALS  # each once, none begun anew
    assert len(run["lost"]) == 1
    assert len(run["started"]) == aws_cycle.TRIALS + 1
    assert facts["launched"] >= 4  # the head, two workers, and one in place of the one that was taken back
    assert (facts["idle"], facts["down"]) == (1, 0)


def test_onprem_a_host_that_dies_and_one_that_cannot_be_reached_cost_no_trial(tmp_path):
    from cluster.lab import onprem_loss

    run_isolated("onprem_loss", tmp_path, seconds=660)
    facts = json.loads((tmp_path / "facts.json").read_text(encoding="utf-8"))
    assert facts["code"] == 0
    run = facts["run"]
    assert run["status"] == ["completed"] * onprem_loss.TRIALS
    assert run["epochs"] == [list(range(1, onprem_loss.EPOCHS + 1))] * onprem_loss.TRIALS
    assert (
        len(run["lost"]) >= 2
    )  # Ray may miss a third where the machine is so busy that a host does not answer in time
    assert facts["seconds_until_a_dead_host_was_missed"] < 15
    assert facts["seconds_until_a_silent_host_was_missed"] < 25  # a minute with Ray's own settings
    assert not facts["answers"]  # Ray is down on the head
