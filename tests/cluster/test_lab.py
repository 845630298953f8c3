"""The shipped cluster files on hosts made of namespaces, as a user runs them. Skipped where such hosts cannot be made."""

import json

import pytest
from cluster.lab import aws_cycle
from cluster.lab.isolation import run_isolated, what_is_missing

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def _laboratory():
    missing = what_is_missing()
    if missing:
        pytest.skip(missing)


def test_aws_from_ray_up_to_ray_down_with_a_spot_interruption(tmp_path):
    run_isolated("aws_cycle", tmp_path, seconds=420)
    facts = json.loads((tmp_path / "facts.json").read_text(encoding="utf-8"))
    assert facts["up"] == 1  # the head alone
    assert facts["markets"] == ["spot", "spot"]
    assert facts["code"] == 0
    run = facts["run"]
    assert run["status"] == ["completed"] * aws_cycle.TRIALS
    assert run["epochs"] == [list(range(1, aws_cycle.EPOCHS + 1))] * aws_cycle.TRIALS  # each once, none begun anew
    assert run["lost"] == ["its node went away"]
    assert len(run["started"]) == aws_cycle.TRIALS + 1
    assert facts["launched"] == 4  # the head, two workers, and one in place of the one that was taken back
    assert (facts["idle"], facts["down"]) == (1, 0)
