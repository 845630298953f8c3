"""An EC2 whose running instances are hosts of the laboratory: moto keeps the books, this starts and ends the hosts."""

import logging
import shutil
import threading
from pathlib import Path
from typing import Any

import boto3
from moto.ec2.responses.instances import InstanceResponse
from moto.server import ThreadedMotoServer

from cluster.lab.hosts import Host, Network

REGION = "us-west-2"
GATEWAY, PREFIX = "172.31.0.1", 16  # moto's default network, of which the first address is free
PORT = 5000
CREDENTIALS = {
    "AWS_ENDPOINT_URL": f"http://{GATEWAY}:{PORT}",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_PROFILE = "ray-autoscaler-v1"


class FakeEC2:
    """EC2, S3 and IAM at ``CREDENTIALS["AWS_ENDPOINT_URL"]``; credentials must be in the environment.

    Args:
        network: where instances come to be. Its gateway must be ``GATEWAY``.
        home: of the user who launches; Ray keeps the keys there.
    """

    def __init__(self, network: Network, home: Path) -> None:
        self._network, self._home = network, home
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for every request
        _launch_as_many_as_are_wanted()
        self._server = ThreadedMotoServer(ip_address=GATEWAY, port=PORT, verbose=False)
        self._server.start()
        self._ec2 = boto3.client("ec2")
        self._make_the_heads_role()
        self.started: list[str] = []
        self._hosts: dict[str, Host] = {}
        self._failure: BaseException | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def running(self) -> dict[str, dict[str, Any]]:
        """Instances that are not terminated, with their tags."""
        if self._failure is not None:
            raise self._failure
        found = self._ec2.describe_instances(
            Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}]
        )
        return {
            instance["InstanceId"]: {**instance, "tags": {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}}
            for reservation in found["Reservations"]
            for instance in reservation["Instances"]
        }

    def workers(self) -> dict[str, dict[str, Any]]:
        """Running instances that are workers of a Ray cluster."""
        return {key: each for key, each in self.running().items() if each["tags"].get("ray-node-type") == "worker"}

    def head(self) -> Host:
        """The host of the cluster's head."""
        (key,) = [key for key, each in self.running().items() if each["tags"].get("ray-node-type") == "head"]
        return self._hosts[key]

    def interrupt(self, instance: str) -> None:
        """AWS takes a spot instance back."""
        self._ec2.terminate_instances(InstanceIds=[instance])

    def hosts_running(self) -> int:
        """How many hosts live."""
        return sum(host.is_running() for host in self._hosts.values())

    def make_bucket(self, name: str) -> None:
        """A new, empty bucket."""
        boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    def keep_logs(self, scratch: Path) -> None:
        """Copies what the autoscaler wrote, for somebody who looks for a reason."""
        for host in self._hosts.values():
            if host.is_running():
                for log in host.path("/tmp/ray").glob("session_2*/logs/monitor.*"):
                    shutil.copy(log, scratch / f"{host.name}-{log.name}")

    def last_of_autoscaler(self) -> str:
        """The end of what the autoscaler on the head has written."""
        logs = sorted(self.head().path("/tmp/ray").glob("session_2*/logs/monitor.log"))
        return logs[-1].read_text(encoding="utf-8")[-4000:] if logs else "the autoscaler has written nothing"

    def _make_the_heads_role(self) -> None:
        """As Ray leaves it after its first `ray up`: it waits half a minute when it has to make it."""
        iam = boto3.client("iam")
        iam.create_instance_profile(InstanceProfileName=_PROFILE)
        iam.create_role(RoleName=_PROFILE, AssumeRolePolicyDocument="{}")
        iam.add_role_to_instance_profile(InstanceProfileName=_PROFILE, RoleName=_PROFILE)

    def _follow(self) -> None:
        try:
            while not self._ending.wait(0.5):
                running = self.running()
                for instance in self._hosts.keys() - running.keys():
                    if self._hosts[instance].is_running():
                        self._hosts[instance].kill()
                for instance, described in running.items():
                    if instance not in self._hosts:
                        self._boot(instance, described)
        except BaseException as error:  # noqa: BLE001 - it ends this thread, and is raised where somebody looks
            self._failure = error

    def _boot(self, instance: str, described: dict[str, Any]) -> None:
        self._network.let_in(self._home / ".ssh" / f"{described['KeyName']}.pem")
        private, public = described["PrivateIpAddress"], described.get("PublicIpAddress")
        self._hosts[instance] = self._network.start(f"i{instance[-10:]}", private, public)
        self.started.append(instance)


def _launch_as_many_as_are_wanted() -> None:
    """EC2 launches MaxCount instances where it can; moto launches MinCount."""
    parameter = InstanceResponse._get_param

    def wanted(response: InstanceResponse, name: str, *rest: Any, **more: Any) -> Any:
        return parameter(response, "MaxCount" if name == "MinCount" else name, *rest, **more)

    InstanceResponse._get_param = wanted
