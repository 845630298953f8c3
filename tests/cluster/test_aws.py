"""gpu.yaml against an AWS in this process: Ray's bootstrap and its launches, and what these let through."""

import copy
import os
import re
from unittest import mock

import pytest

from cluster.files import read_cluster

IMAGE = "ami-0abcdef1234567890"
WORKERS = ("gpu_spot", "gpu_on_demand")
pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """An empty account; Ray keeps its key in a home folder of its own."""
    from moto import mock_aws
    from ray.autoscaler._private.aws import utils

    environment = {
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-west-2",
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "HOME": str(tmp_path_factory.mktemp("home")),
    }  # fmt: skip
    with mock.patch.dict(os.environ, environment), mock_aws():
        os.environ.pop("AWS_ENDPOINT_URL", None)
        utils.resource_cache.cache_clear()
        utils.client_cache.cache_clear()
        yield
        utils.resource_cache.cache_clear()
        utils.client_cache.cache_clear()


@pytest.fixture(scope="module")
def bootstrapped(aws):
    """The configuration as `ray up` completes it."""
    config = read_cluster("gpu")
    for kind in config["available_node_types"].values():
        kind["node_config"]["ImageId"] = IMAGE
    return bootstrap(config)


@pytest.fixture(scope="module")
def launched(bootstrapped):
    """One machine of every type, as EC2 describes it."""
    import boto3
    from ray.autoscaler._private.providers import _get_node_provider
    from ray.autoscaler.tags import TAG_RAY_NODE_KIND, TAG_RAY_USER_NODE_TYPE

    provider = _get_node_provider(bootstrapped["provider"], bootstrapped["cluster_name"])
    for name, kind in bootstrapped["available_node_types"].items():
        is_head = name == bootstrapped["head_node_type"]
        tags = {TAG_RAY_NODE_KIND: "head" if is_head else "worker", TAG_RAY_USER_NODE_TYPE: name}
        node = {**copy.deepcopy(kind["node_config"]), **(bootstrapped["head_node"] if is_head else {})}
        provider.create_node(node, tags, 1)
    machines = {}
    for reservation in boto3.client("ec2").describe_instances()["Reservations"]:
        for machine in reservation["Instances"]:
            tags = {tag["Key"]: tag["Value"] for tag in machine["Tags"]}
            machines[tags[TAG_RAY_USER_NODE_TYPE]] = machine
    return machines


def bootstrap(config):
    from ray.autoscaler._private import commands

    with mock.patch("time.sleep"):  # Ray waits half a minute for a role that it has made
        return commands._bootstrap_config(copy.deepcopy(config), no_config_cache=True)


def test_machines_come_as_they_were_meant(launched):
    assert {name: machine["InstanceType"] for name, machine in launched.items()} == {
        "head": "m6i.large",
        "gpu_spot": "g6.xlarge",
        "gpu_on_demand": "g6.xlarge",
    }
    assert [name for name, machine in launched.items() if machine.get("InstanceLifecycle") == "spot"] == ["gpu_spot"]
    assert {machine["ImageId"] for machine in launched.values()} == {IMAGE}
    assert {machine["Placement"]["AvailabilityZone"] for machine in launched.values()} <= {
        "us-west-2a",
        "us-west-2b",
        "us-west-2c",
    }


def test_disks_go_with_their_machines(launched):
    import boto3

    volumes = boto3.client("ec2").describe_volumes()["Volumes"]
    assert {(volume["Size"], volume["VolumeType"]) for volume in volumes} == {(100, "gp3")}
    disks = [machine["BlockDeviceMappings"] for machine in launched.values()]
    assert all(disk["Ebs"]["DeleteOnTermination"] for each in disks for disk in each)


def test_only_the_head_may_start_machines_and_write_to_buckets(launched):
    assert [name for name, machine in launched.items() if "IamInstanceProfile" in machine] == ["head"]


def test_the_security_group_opens_nothing_but_ssh(launched):
    import boto3

    groups = {group["GroupId"] for machine in launched.values() for group in machine["SecurityGroups"]}
    described = boto3.client("ec2").describe_security_groups(GroupIds=sorted(groups))["SecurityGroups"]
    rules = [rule for group in described for rule in group["IpPermissions"] if rule["IpRanges"]]
    assert {(rule["FromPort"], rule["ToPort"]) for rule in rules} == {(22, 22)}


def test_what_a_type_offers_is_what_its_machines_have(bootstrapped):
    import boto3

    types = bootstrapped["available_node_types"]
    known = boto3.client("ec2").describe_instance_types(
        InstanceTypes=sorted({kind["node_config"]["InstanceType"] for kind in types.values()})
    )
    machines = {machine["InstanceType"]: machine for machine in known["InstanceTypes"]}
    for name in WORKERS:
        machine = machines[types[name]["node_config"]["InstanceType"]]
        gpus = sum(gpu["Count"] for gpu in machine["GpuInfo"]["Gpus"])
        assert types[name]["resources"]["GPU"] == gpus == 1
        assert types[name]["resources"]["CPU"] == machine["VCpuInfo"]["DefaultVCpus"]
    assert types["head"]["resources"]["CPU"] == 0
    assert "GPU" not in types["head"]["resources"]


def test_the_users_changes_are_marked():
    config = read_cluster("gpu")
    images = {kind["node_config"]["ImageId"] for kind in config["available_node_types"].values()}
    assert images == {"ami-CHANGE-ME"}  # AWS refuses it; a user finds out at once
    markets = [kind["node_config"].get("InstanceMarketOptions") for kind in config["available_node_types"].values()]
    assert markets == [None, {"MarketType": "spot"}, None]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda config: config["available_node_types"]["gpu_spot"].update(min_workers=20), "min_workers"),
        (lambda config: config["provider"].update(availability_zone="us-east-1a"), "us-east-1a|subnet"),
        (lambda config: config.update(head_node_type="hed"), "hed|head_node_type"),
    ],
)
def test_mistakes_do_not_pass(aws, change, said, capsys):
    config = read_cluster("gpu")
    change(config)
    with pytest.raises((Exception, SystemExit)) as caught:
        bootstrap(config)
    shown = capsys.readouterr()
    assert re.search(said, f"{caught.value}{shown.out}{shown.err}")
