"""gpu.yaml as shipped, from `ray up` to `ray down`. Changed are image, bucket and the time until a worker is idle.

Two spot workers train; AWS takes one back; it is replaced; the search ends; the workers leave; the head is told to leave.
"""

import os
import sys
from pathlib import Path
from typing import Any

from cluster.lab.ec2 import CREDENTIALS, GATEWAY, PREFIX, FakeEC2
from cluster.lab.hosts import Network
from cluster.lab.scenario import (
    RemoteSearch,
    answers,
    changed_file,
    fetched_facts,
    make_token,
    ray,
    say,
    told,
    wait_until,
)

BUCKET = "lab-bucket"
TRIALS, EPOCHS = 3, 30
SEARCH = (
    f"--trials {TRIALS} --epochs {EPOCHS} --scheduler none --concurrency 2 --gpus-per-trial 1 "
    "--set cell=gru --set layers=1 --set units=4,8 --set embedding=4 --set pooling=max --set vocabulary=5000"
)


def main(scratch: Path) -> None:
    """Runs it all and writes the facts."""
    os.environ.update(CREDENTIALS, AUTOSCALER_NODE_START_WAIT_S="60", RAY_USAGE_STATS_ENABLED="0")
    # Instead of a role that the machine has: credentials in the environment.
    profile = "\n".join(f"export {name}={value}" for name, value in CREDENTIALS.items())
    ec2 = FakeEC2(Network(GATEWAY, PREFIX, scratch, profile), Path.home())
    ec2.make_bucket(BUCKET)
    changes = {
        "ami-CHANGE-ME": "ami-0abcdef1234567890",
        "s3://CHANGE-ME": f"s3://{BUCKET}",
        "idle_timeout_minutes: 5": "idle_timeout_minutes: 0.3",
    }
    cluster = changed_file("gpu", scratch, changes)
    make_token()
    try:
        with told(scratch) as facts:
            _cycle(ec2, cluster, facts)
    except BaseException:
        ec2.keep_logs(scratch)
        raise


def _cycle(ec2: FakeEC2, cluster: Path, facts: dict[str, Any]) -> None:
    ray("up", "--yes", cluster)
    facts["up"] = len(ec2.running())
    (head,) = ec2.running().values()
    facts["open"] = [port for port in (22, 6379, 8265) if answers(head["PrivateIpAddress"], port)]
    facts["bytecode"] = ec2.head().path("/home/ubuntu/frontier-tuner/tuner/cli/__pycache__").is_dir()
    search = RemoteSearch(cluster, ec2.head(), "spot", SEARCH)
    wait_until(lambda: len(ec2.workers()) == 2, "two workers were launched", seconds=90)
    facts["markets"] = [each.get("InstanceLifecycle") for each in ec2.workers().values()]
    wait_until(lambda: search.epochs() >= 10, "10 epochs", seconds=180)
    victim = next(iter(ec2.workers()))
    say("AWS takes back", victim)
    ec2.interrupt(victim)
    wait_until(lambda: len(ec2.workers()) == 2, "it was replaced", seconds=60)
    facts["code"] = search.wait(seconds=300)
    facts["run"] = fetched_facts(f"s3://{BUCKET}/runs/spot")
    # One that came as the search ended is set up first, which takes a minute, and is idle from then on.
    wait_until(lambda: not ec2.workers(), "idle workers have left", seconds=240, otherwise=ec2.last_of_autoscaler)
    facts["idle"] = len(ec2.running())
    ray("down", "--yes", cluster)
    wait_until(lambda: ec2.hosts_running() == 0, "nothing runs", seconds=30)
    facts["down"] = len(ec2.running())
    facts["launched"] = len(ec2.started)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
