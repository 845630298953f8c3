"""A cluster that has no workers yet: what its autoscaler may start counts."""

import yaml

from tuner.search.ray_tune.cluster import _still_to_come


def test_what_the_autoscaler_may_start_is_in_the_description_that_ray_up_leaves_on_the_head(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _still_to_come() == {}
    types = {
        "head": {"resources": {"CPU": 0}, "max_workers": 0},
        "spot": {"resources": {"CPU": 4, "GPU": 1}, "max_workers": 8},
        "on_demand": {"resources": {"CPU": 4, "GPU": 1}, "max_workers": 2},
    }
    (tmp_path / "ray_bootstrap_config.yaml").write_text(yaml.safe_dump({"available_node_types": types}))
    assert _still_to_come() == {"CPU": 40, "GPU": 10}


def test_machines_of_ones_own_bring_nothing_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    types = {"local.cluster.node": {"resources": {}, "max_workers": 2}}
    (tmp_path / "ray_bootstrap_config.yaml").write_text(yaml.safe_dump({"available_node_types": types}))
    assert _still_to_come() == {}
