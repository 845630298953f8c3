"""A Ray cluster of several raylets on one machine, in a process of its own.

As a program it prints one JSON line with the cluster's address, the raylets' process ids and its own, and ends the cluster when
stdin closes.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil
from filelock import FileLock

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
_ATTEMPTS = 3


@contextmanager
def small_cluster(workers: int, *, head_cpus: int = 0) -> Iterator[dict[str, Any]]:
    """Starts a cluster and ends it.

    Args:
        workers: machines with a processor and a (made-up) GPU each.
        head_cpus: processors of the head.

    Yields:
        ``address``, ``raylets`` (process ids of the workers' machines), and ``pid``, from which all of it descends.
    """
    process, told = _started(workers, head_cpus, stdin=subprocess.PIPE)
    try:
        yield json.loads(told)
    finally:
        process.communicate(timeout=60)


def _started(workers: int, head_cpus: int, *, stdin: IO[str] | int) -> tuple[subprocess.Popen[str], str]:
    """The process, and what it prints. Ray gives a node half a minute to start, which on a busy machine can be too little."""
    for _ in range(_ATTEMPTS):
        process = subprocess.Popen(
            [sys.executable, __file__, str(workers), str(head_cpus)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": f"{ROOT}{os.pathsep}{TESTS}",
            },  # its workers import the package, and what tests train
        )
        told = process.stdout.readline()
        if told:
            return process, told
        process.communicate()
    raise RuntimeError(f"Ray did not start in {_ATTEMPTS} attempts")


@contextmanager
def room_for_a_cluster(folder: Path) -> Iterator[None]:
    """Keeps the cluster of ``cluster_of_all`` alive, where one is started meanwhile, and ends it."""
    os.mkfifo(folder / "alive")
    alive = os.open(folder / "alive", os.O_RDWR)  # as long as one writer has it open, a reader waits
    try:
        yield
    finally:
        os.close(alive)
        found = folder / "cluster.json"
        if found.exists():
            with suppress(psutil.NoSuchProcess):
                psutil.Process(json.loads(found.read_text())["pid"]).wait(timeout=60)


def cluster_of_all(folder: Path, *, head_cpus: int) -> dict[str, Any]:
    """A cluster as of ``small_cluster`` for several processes: the first one that asks starts it.

    Args:
        folder: one in which ``room_for_a_cluster`` is entered.
        head_cpus: its processors.
    """
    found = folder / "cluster.json"
    with FileLock(folder / "cluster.lock"):
        if not found.exists():
            with (folder / "alive").open() as alive:
                _, told = _started(0, head_cpus, stdin=alive)
            found.write_text(told)
        return json.loads(found.read_text())


def main(workers: int, head_cpus: int) -> None:
    """Runs a cluster until stdin is closed."""
    # Read when Ray is imported.
    os.environ["RAY_AUTH_MODE"] = "disabled"
    # In the usual folder it would leave its address, and every other search on this machine would join it.
    os.environ["RAY_TMPDIR"] = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    if (
        workers
    ):  # the head notices a silent node in seconds instead of a minute, which on a busy machine a living one can be
        os.environ.update({f"RAY_health_check_{name}": "1000" for name in ("period_ms", "timeout_ms")})
        os.environ.update(RAY_health_check_initial_delay_ms="0", RAY_health_check_failure_threshold="3")
    from ray.cluster_utils import Cluster

    from tuner.search.ray_tune.cluster import _minimal_agents

    logging.getLogger("ray").setLevel(logging.ERROR)
    memory = {"object_store_memory": 80 * 2**20}
    head = {"num_cpus": head_cpus, "num_gpus": 0, "include_dashboard": False, "object_store_memory": 240 * 2**20}
    with _minimal_agents():  # as a local Ray has them: half the time
        cluster = Cluster(initialize_head=True, connect=False, head_node_args=head)
        nodes = [cluster.add_node(wait=False, num_cpus=1, num_gpus=1, **memory) for _ in range(workers)]
    cluster.wait_for_nodes()
    raylets = [node.all_processes["raylet"][0].process.pid for node in nodes]
    told = {"address": cluster.address, "raylets": raylets, "pid": os.getpid()}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    cluster.shutdown()
    shutil.rmtree(os.environ["RAY_TMPDIR"], ignore_errors=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
