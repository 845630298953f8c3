"""What a cluster has, or would have once its autoscaler has started all the nodes that it may."""

import importlib
import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from tuner.collector import collector_paused
from tuner.errors import InputError
from tuner.quiet import quiet_stderr

# Read by Ray when it is imported or started.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else a FutureWarning for every worker without a GPU
    "RAY_AIR_NEW_OUTPUT": "0",  # the newer output prints a banner even when told to be silent
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # a user's relative paths stay what they are
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # five files and 48 ms a trial; the journal has it all
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours: it must end the search at once and say how to resume
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",  # Ray's own snapshots are not used
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",  # failures are recorded with their trial
    "TUNE_WARN_THRESHOLD_S": "30",
    "TUNE_WARN_INSUFFICENT_RESOURCE_THRESHOLD_S": "300",
}


def import_ray() -> Any:
    """Imports Ray with this program's settings: quiet, without usage reports."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # `ray start --head` asks for this user's token as soon as there is one, and a first local search makes one; but a client
    # with an explicit address sends it only where it was told to before Ray was imported.
    if Path("~/.ray/auth_token").expanduser().exists():
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    # In a notebook without ipywidgets, both would say so: nothing here is a widget.
    warnings.filterwarnings("ignore", "IProgress not found")
    logging.getLogger("ray.widgets.util").setLevel(logging.ERROR)
    with collector_paused():
        import ray

    return ray


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


@dataclass(frozen=True)
class Capacity:
    """What all nodes of a cluster, or a local Ray, have together.

    Attributes:
        cpus: processors, those of nodes that the autoscaler may still start included.
        gpus: likewise.
        is_open: whether there may be more, nobody here knows how many.
        is_local: whether it is a Ray of this process.
    """

    cpus: float
    gpus: float
    is_open: bool = False
    is_local: bool = False


def capacity(address: str) -> Capacity:
    """The capacity of a cluster, without connecting to it as a driver does.

    Args:
        address: as ``find_cluster`` gives it.

    Raises:
        InputError: where the cluster does not answer.
    """
    with quiet_stderr():  # Ray's core writes there what is said here in one line
        return _capacity(import_ray(), address)


def _capacity(ray: Any, address: str) -> Capacity:
    from ray._private.services import canonicalize_bootstrap_address_or_die
    from ray._private.state import GlobalState

    raylet: Any = importlib.import_module("ray._raylet")  # a compiled module: its names are not known to type checkers
    state = GlobalState()
    try:
        place = canonicalize_bootstrap_address_or_die(address)
        state._initialize_global_state(
            raylet.GcsClientOptions.create(place, None, allow_cluster_id_nil=True, fetch_cluster_id_if_nil=False)
        )
        return grown(state.cluster_resources(), place)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise refused(address, error) from None
    finally:
        state.disconnect()


def refused(address: str, error: Exception) -> InputError:
    """What is said of a cluster to which one cannot connect."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    message = f"Ray refuses ({reason}); check it with `ray status`, and that RAY_AUTH_MODE is the cluster's"
    return InputError(message, option="address", value=address)


def grown(now: Mapping[str, float], address: str) -> Capacity:
    """The capacity of a cluster with these resources now, once its autoscaler has started all that it may.

    Args:
        now: resources of the nodes that are up.
        address: HOST:PORT of the cluster.
    """
    more = most_resources(address)
    cpus, gpus = (max(now.get(name, 0.0), more.get(name, 0.0)) for name in ("CPU", "GPU"))
    return Capacity(cpus, gpus, is_open=nodes_elsewhere())
