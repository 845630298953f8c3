"""A cluster that has no workers yet: what its autoscaler may start counts."""

import pytest
import yaml

from tuner.search.ray_tune.cluster import resources_when_grown

SPOT = {"resources": {"CPU": 4, "GPU": 1}, "max_workers": 8}


@pytest.fixture
def describe(tmp_path, monkeypatch):
    """Writes what `ray up` leaves on the head."""
    monkeypatch.setenv("HOME", str(tmp_path))

    def write(most, **types):
        description = {"max_workers": most, "available_node_types": types}
        (tmp_path / "ray_bootstrap_config.yaml").write_text(yaml.safe_dump(description))

    return write


def test_without_a_description_there_is_nothing_to_come(describe):
    assert resources_when_grown() == {}


def test_workers_of_all_types_count_up_to_the_bound_of_the_cluster(describe):
    head = {"resources": {"CPU": 0}, "max_workers": 0}
    describe(10, head=head, spot=SPOT, large={"resources": {"CPU": 48, "GPU": 4}, "max_workers": 3})
    assert resources_when_grown() == {"CPU": 3 * 48 + 7 * 4, "GPU": 3 * 4 + 7}
    describe(8, head=head, spot=SPOT, on_demand=SPOT)
    assert resources_when_grown() == {"CPU": 32, "GPU": 8}


def test_machines_of_ones_own_bring_nothing_that_is_not_there(describe):
    describe(2, **{"local.cluster.node": {"resources": {}, "max_workers": 2}})
    assert resources_when_grown() == {}
