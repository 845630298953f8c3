"""onprem.yaml as shipped, on three hosts. Changed are bucket and key; the lines with MinIO's credentials come with the image.

All three train; one dies, a while later another can no longer be reached; the search ends on the one that is left, the head.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer

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
# So many that none has ended when all three train: on a busy machine the last worker starts half a minute after the first.
TRIALS, EPOCHS = 3, 150
SEARCH = (
    f"--trials {TRIALS} --epochs {EPOCHS} --scheduler none --concurrency 3 --cpus-per-trial {os.cpu_count()} "
    "--set cell=gru --set layers=1 --set units=4,8 --set embedding=4 --set pooling=max --set vocabulary=5000"
)
_GATEWAY, _HEAD, _OTHERS = "10.0.0.1", "10.0.0.11", ("10.0.0.12", "10.0.0.13")
_STORAGE = {
    "AWS_ENDPOINT_URL": f"http://{_GATEWAY}:5000",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def main(scratch: Path) -> None:
    """Runs it all and writes the facts."""
    os.environ.update(_STORAGE, RAY_USAGE_STATS_ENABLED="0")
    profile = "\n".join(f"export {name}={value}" for name, value in _STORAGE.items())
    network = Network(_GATEWAY, 24, scratch, profile)
    key = Path.home() / ".ssh" / "id_ed25519"
    key.parent.mkdir(mode=0o700)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    network.let_in(key)
    for number, address in enumerate((_HEAD, *_OTHERS), start=1):
        network.start(f"host{number}", address)
    _start_storage()
    changes = {"s3://CHANGE-ME": f"s3://{BUCKET}", "~/.ssh/id_ed25519": str(key)}
    cluster = changed_file("onprem", scratch, changes)
    make_token()
    with told(scratch) as facts:
        _lose_two(network, cluster, facts)


def _start_storage() -> None:
    import logging

    import boto3

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for every request
    ThreadedMotoServer(ip_address=_GATEWAY, port=5000, verbose=False).start()
    boto3.client("s3").create_bucket(Bucket=BUCKET)


def _lose_two(network: Network, cluster: Path, facts: dict[str, Any]) -> None:
    head, first, second = network.hosts.values()
    ray("up", "--yes", cluster)
    search = RemoteSearch(cluster, head, "loss", SEARCH)
    wait_until(lambda: _training(search) == TRIALS, "all three train", seconds=150)
    say("the second host dies")
    first.kill()
    facts["seconds_until_a_dead_host_was_missed"] = search.seconds_until_lost(1)
    at = search.epochs()
    wait_until(lambda: search.epochs() >= at + 5, "five more epochs", seconds=90)
    say("the third host is cut off")
    second.cut()
    facts["seconds_until_a_silent_host_was_missed"] = search.seconds_until_lost(2)
    facts["code"] = search.wait(seconds=400)
    facts["run"] = fetched_facts(f"s3://{BUCKET}/runs/loss")
    ray("down", "--yes", cluster)
    facts["answers"] = answers(_HEAD, 6379)


def _training(search: RemoteSearch) -> int:
    """How many trials have ended an epoch."""
    return len({event["trial"] for event in search.events() if event["event"] == "epoch"})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
