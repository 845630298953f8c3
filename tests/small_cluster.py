"""A Ray cluster of several raylets on one machine, in a process of its own.

Prints one JSON line with the cluster's address and the raylets' process ids, and ends the cluster when stdin closes.
"""

import json
import logging
import os
import shutil
import sys
import tempfile

# Read when Ray is imported. The last two lines let the head notice a silent node in seconds instead of a minute.
os.environ["RAY_AUTH_MODE"] = "disabled"
# In the usual folder it would leave its address, and every other search on this machine would join it.
os.environ["RAY_TMPDIR"] = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
os.environ.update({f"RAY_health_check_{name}": "1000" for name in ("period_ms", "timeout_ms")})
os.environ.update(RAY_health_check_initial_delay_ms="0", RAY_health_check_failure_threshold="3")

from ray.cluster_utils import Cluster

HEAD = {"num_cpus": 0, "num_gpus": 0, "object_store_memory": 80 * 2**20, "include_dashboard": False}


def main(workers: int) -> None:
    logging.getLogger("ray").setLevel(logging.ERROR)
    cluster = Cluster(initialize_head=True, connect=False, head_node_args=HEAD)
    nodes = [
        cluster.add_node(wait=False, num_cpus=1, num_gpus=1, object_store_memory=80 * 2**20) for _ in range(workers)
    ]
    cluster.wait_for_nodes()
    raylets = [node.all_processes["raylet"][0].process.pid for node in nodes]
    sys.stdout.write(json.dumps({"address": cluster.address, "raylets": raylets}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    cluster.shutdown()
    shutil.rmtree(os.environ["RAY_TMPDIR"], ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
