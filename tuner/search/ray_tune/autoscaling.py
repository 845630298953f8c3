"""How far a cluster may grow. Ray tells nobody: its autoscaler reads a file, and reports what it wants, not what it may."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import yaml

_MONITORS = ("autoscaler/_private/monitor.py", "autoscaler/v2/monitor.py")
_FILE, _CLUSTER = "--autoscaling-config=", "--gcs-address="


def nodes_elsewhere() -> bool:
    """Whether Kubernetes starts this cluster's nodes: how many it may, is said outside of it."""
    return bool(os.environ.get("RAY_USAGE_STATS_KUBERAY_IN_USE"))


def most_resources(address: str) -> dict[str, float]:
    """The resources of all nodes that the autoscaler of a cluster may start together, by name.

    Empty where it has none, or where that is not on this machine: a search on a cluster usually starts on its head.

    Args:
        address: HOST:PORT of the cluster.
    """
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        file = autoscaler_file(command, address)
        if file is not None:
            return most_of(yaml.safe_load(Path(file).expanduser().read_text(encoding="utf-8")))
    return {}


def autoscaler_file(command: Sequence[str], address: str) -> str | None:
    """The file that an autoscaler reads, where a process is the autoscaler of a cluster."""
    if not any(word.endswith(_MONITORS) for word in command):
        return None
    said = {key: word.removeprefix(key) for word in command for key in (_FILE, _CLUSTER) if word.startswith(key)}
    of_this = (
        said.get(_CLUSTER, "").rpartition(":")[2] == address.rpartition(":")[2]
    )  # a host may have several addresses
    return said.get(_FILE) if of_this else None


def most_of(config: Mapping[str, Any]) -> dict[str, float]:
    """The resources of all workers that a cluster's file allows, each kind counted as if no other were started."""
    most = int(config.get("max_workers", 0))
    totals: dict[str, float] = {}
    of_workers = {
        name: kind for name, kind in config["available_node_types"].items() if name != config["head_node_type"]
    }
    for kind in of_workers.values():
        count = min(most, int(kind.get("max_workers", most)))
        for resource, amount in (kind.get("resources") or {}).items():
            totals[resource] = max(totals.get(resource, 0.0), float(amount) * count)
    return totals
