"""A Ray cluster of several raylets on one machine, in a process of its own.

As a program it prints one JSON line with the cluster's address and the raylets' process ids, and ends the cluster when stdin
closes.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@contextmanager
def small_cluster(workers: int, *, head_cpus: int = 0) -> Iterator[dict[str, Any]]:
    """Starts a cluster and ends it.

    Args:
        workers: machines with a processor and a (made-up) GPU each.
        head_cpus: processors of the head.

    Yields:
        ``address``, ``raylets`` (process ids of the workers' machines), and ``pid``, from which all of it descends.
    """
    process = subprocess.Popen(
        [sys.executable, __file__, str(workers), str(head_cpus)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},  # its workers import the package
    )
    try:
        yield {**json.loads(process.stdout.readline()), "pid": process.pid}
    finally:
        process.communicate(timeout=60)


def main(workers: int, head_cpus: int) -> None:
    """Runs a cluster until stdin is closed."""
    # Read when Ray is imported. The last two lines let the head notice a silent node in seconds instead of a minute.
    os.environ["RAY_AUTH_MODE"] = "disabled"
    # In the usual folder it would leave its address, and every other search on this machine would join it.
    os.environ["RAY_TMPDIR"] = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    os.environ.update({f"RAY_health_check_{name}": "1000" for name in ("period_ms", "timeout_ms")})
    os.environ.update(RAY_health_check_initial_delay_ms="0", RAY_health_check_failure_threshold="3")
    from ray.cluster_utils import Cluster

    from tuner.search.ray_tune.cluster import _minimal_agents

    logging.getLogger("ray").setLevel(logging.ERROR)
    memory = {"object_store_memory": 80 * 2**20}
    head = {"num_cpus": head_cpus, "num_gpus": 0, "include_dashboard": False, **memory}
    with _minimal_agents():  # as a local Ray has them: half the time
        cluster = Cluster(initialize_head=True, connect=False, head_node_args=head)
        nodes = [cluster.add_node(wait=False, num_cpus=1, num_gpus=1, **memory) for _ in range(workers)]
    cluster.wait_for_nodes()
    raylets = [node.all_processes["raylet"][0].process.pid for node in nodes]
    sys.stdout.write(json.dumps({"address": cluster.address, "raylets": raylets}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    cluster.shutdown()
    shutil.rmtree(os.environ["RAY_TMPDIR"], ignore_errors=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
