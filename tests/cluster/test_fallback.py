"""Which machines Ray's autoscaler would ask for, with the node types of the cloud files."""

from unittest.mock import MagicMock

import pytest

from cluster.files import read_cluster

# What Ray looks up for g6.xlarge; test_aws.py sees that it does.
LOOKED_UP = {"CPU": 4, "GPU": 1}

both = pytest.mark.parametrize("name", ["gpu", "gcp"])


def ask(name, trials, availability=None):
    """How many machines of each type are launched for so many trials of a processor and a GPU, where there is none yet."""
    from ray.autoscaler.v2.instance_manager.config import NodeTypeConfig
    from ray.autoscaler.v2.scheduler import ResourceDemandScheduler, SchedulingRequest
    from ray.autoscaler.v2.utils import ResourceRequestUtil

    config = read_cluster(name)
    types = {
        kind: NodeTypeConfig(
            name=kind,
            min_worker_nodes=each["min_workers"],
            max_worker_nodes=each["max_workers"],
            resources=each["resources"] or LOOKED_UP,
            priority=each.get("priority", 0),
        )
        for kind, each in config["available_node_types"].items()
    }
    wanted = [ResourceRequestUtil.make({"CPU": 1, "GPU": 1}) for _ in range(trials)]
    reply = ResourceDemandScheduler(MagicMock()).schedule(
        SchedulingRequest(
            disable_launch_config_check=True,
            node_type_configs=types,
            max_num_nodes=config["max_workers"],  # Ray adds one for the head, which is not among the nodes here
            resource_requests=ResourceRequestUtil.group_by_count(wanted),
            recoverable_resource_availabilities=availability or {},
            cloud_resource_availabilities=availability or {},
        )
    )
    return {launch.instance_type: launch.count for launch in reply.to_launch}


@both
def test_spot_machines_come_first(name):
    assert ask(name, 2) == {"gpu_spot": 2}


@both
def test_machines_at_the_full_price_come_where_spot_was_refused(name):
    assert ask(name, 2, {"gpu_spot": 0.3}) == {"gpu_on_demand": 2}


@both
def test_there_are_never_more_than_the_bound(name):
    assert ask(name, 30) == {"gpu_spot": 8}
