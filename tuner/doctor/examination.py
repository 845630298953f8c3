"""Gathers the facts: of this machine, or of every node of the cluster that is connected."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tuner.doctor import probe
from tuner.doctor.checks import Check, Node, checks
from tuner.errors import InputError
from tuner.runs.location import remote_folder
from tuner.search.ray_tune import gpus
from tuner.search.ray_tune.capacity import import_ray
from tuner.search.ray_tune.cluster import RAY_FOLDER_REMEDY, find_cluster, ray_folder

_SECONDS_TO_ANSWER = 300.0


def examine(address: str | None, runs_dir: Path) -> list[Check]:
    """Looks at the cluster of ``find_cluster``, or at this machine where there is none.

    Args:
        address: of a cluster, as ``search`` takes it.
        runs_dir: where searches that are started here keep their runs.

    Raises:
        InputError: where an address does not answer.
    """
    cluster = find_cluster(address)
    if cluster is None:
        return [Check("cluster", "ok", "none: this machine alone"), *checks([Node("here", probe.facts())]),
                ray_folder_check(), storage_check(runs_dir, nodes=1)]  # fmt: skip
    with _connected(cluster) as ray:
        alive = [node for node in ray.nodes() if node["Alive"]]
        nodes, silent = _facts_of(ray, alive)
        found = [
            Check("cluster", "ok", f"{cluster}: {len(alive)} nodes" if len(alive) > 1 else f"{cluster}: 1 node"),
            *silent,
        ]
        return [*found, *(checks(nodes) if nodes else []), storage_check(runs_dir, nodes=len(alive))]


@contextmanager
def _connected(cluster: str) -> Iterator[Any]:
    ray = import_ray()
    try:
        ray.init(address=cluster, logging_level=logging.ERROR, log_to_driver=False)
    except (ConnectionError, TimeoutError, RuntimeError, ValueError) as error:
        raise InputError(
            f"{cluster}: Ray refuses ({str(error).splitlines()[0]}); check it with `ray status`, and that RAY_AUTH_MODE is the "
            "cluster's"
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _facts_of(ray: Any, alive: list[dict[str, Any]]) -> tuple[list[Node], list[Check]]:
    """The nodes that answered, and a line for each that did not."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    for module in (probe, gpus):  # a node may lack this package; that is one of the questions
        ray.cloudpickle.register_pickle_by_value(module)
    ask = ray.remote(num_cpus=0, max_retries=0)(probe.facts)
    asked = {
        node["NodeID"]: ask.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote()
        for node in alive
    }
    nodes, silent = [], []
    ready, _ = ray.wait(list(asked.values()), num_returns=len(asked), timeout=_SECONDS_TO_ANSWER)
    for node in alive:
        name, there, answer = _name(node, alive), node["Resources"], asked[node["NodeID"]]
        if answer not in ready:
            silent.append(_silent(name, f"no answer within {_SECONDS_TO_ANSWER:.0f} s"))
            continue
        try:
            facts = ray.get(answer)
        except ray.exceptions.RayError as error:
            silent.append(_silent(name, str(error)))
        else:
            nodes.append(Node(name, facts, there.get("GPU", 0.0), there.get("object_store_memory", 0.0)))
    return nodes, silent


def _name(node: dict[str, Any], alive: list[dict[str, Any]]) -> str:
    """The node's address; where several share one, as on a machine that plays a cluster, with a part of its id."""
    address: str = node["NodeManagerAddress"]
    shared = sum(other["NodeManagerAddress"] == address for other in alive) > 1
    return f"{address} ({node['NodeID'][:6]})" if shared else address


def _silent(name: str, error: str) -> Check:
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    known = next((line for line in reversed(lines) if "Error" in line), lines[-1] if lines else "no reason given")
    return Check(
        f"node {name}", "failed", f"runs nothing ({known[:200]})", "look into /tmp/ray/session_latest/logs there; are its "
        "RAY_AUTH_MODE, Python and Ray those of the head?",
    )  # fmt: skip


def ray_folder_check() -> Check:
    """Whether a Ray that a search starts on this machine can work in its folder."""
    folder, fault = ray_folder()
    if fault is not None:
        return Check("Ray's folder", "failed", f"{folder}: {fault}", RAY_FOLDER_REMEDY)
    return Check("Ray's folder", "ok", f"{folder} takes Ray's sockets and logs")


def storage_check(runs_dir: Path, *, nodes: int) -> Check:
    """Whether runs can be written. Only the process that searches does so: states of trials reach it through Ray."""
    remote = remote_folder(runs_dir)
    if remote is not None:
        try:
            remote.write(".doctor", b"")
            remote.delete(".doctor")
        except (OSError, InputError) as error:
            reason = " ".join(str(error).split())[:200]
            return Check(
                "storage", "failed", f"{remote.url}: {reason}", "check URL, credentials and network of this machine"
            )
        return Check("storage", "ok", f"{remote.url} takes runs; only the process that searches writes them")
    nearest = next(path for path in (runs_dir.resolve(), *runs_dir.resolve().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        return Check(
            "storage", "failed", f"{runs_dir}: {error.strerror}", "choose a folder that you can write with `runs_dir`"
        )
    if nodes > 1:
        text = f"{runs_dir.resolve()} takes runs, but goes with the disk of this node (the other nodes write nothing)"
        return Check("storage", "warning", text, "keep runs on object storage: `runs_dir='s3://BUCKET/PATH'`")
    return Check("storage", "ok", f"{runs_dir.resolve()} takes runs")
