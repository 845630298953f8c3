"""Connects to Ray: a cluster where there is one, else a local Ray of this process."""

import logging
import math
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuner.errors import InputError, SearchFailed

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

_SECONDS_TO_ANSWER = 10.0
_SECONDS_TO_START_A_WORKER = 120.0


# Where `ray up` leaves the description of a cluster on its head.
_DESCRIPTION = "~/ray_bootstrap_config.yaml"


@dataclass(frozen=True)
class ClusterResources:
    """What the nodes have together, those included that an autoscaler may still start."""

    cpus: float
    gpus: float
    nodes: int
    is_local: bool


def import_ray() -> Any:
    """Imports Ray with this program's settings: quiet, without usage reports."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # `ray start --head` asks for this user's token as soon as there is one, and a first local search makes one; but a client
    # with an explicit address sends it only where it was told to before Ray was imported.
    if Path("~/.ray/auth_token").expanduser().exists():
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    import ray

    return ray


def local_gpus() -> int:
    """GPUs of this machine that Ray would offer, without starting it."""
    import_ray()
    from ray._private.accelerators import NvidiaGPUAcceleratorManager

    visible = NvidiaGPUAcceleratorManager.get_current_process_visible_accelerator_ids()
    count = int(NvidiaGPUAcceleratorManager.get_current_node_num_accelerators())
    return count if visible is None else min(count, len(visible))


def find_cluster(address: str | None) -> str | None:
    """The cluster to use: the one asked for, else RAY_ADDRESS, else the one that ``ray start`` made on this machine.

    Ray's own ``auto`` would also take the local Ray of another search that happens to run, and lose it when that ends.

    Raises:
        InputError: where nobody listens at an address that was asked for.
    """
    asked = address or os.environ.get("RAY_ADDRESS")
    if asked:
        reason = _why_silent(asked)
        if reason is not None:
            raise InputError(f"--address {asked}: no Ray cluster answers ({reason}); check it with `ray status`")
        return asked
    import_ray()
    from ray._common.utils import get_ray_address_file

    started = Path(get_ray_address_file(None))
    recorded = started.read_text(encoding="utf-8").strip() if started.exists() else ""
    return recorded if recorded and _why_silent(recorded) is None else None


def _why_silent(address: str) -> str | None:
    """Why nobody answers at an address with a port, None where somebody does. Ray itself would try for minutes, loudly."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdecimal():
        return None
    try:
        socket.create_connection((host, int(port)), timeout=_SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        return str(error)
    return None


@contextmanager
def connected(address: str | None, *, local_cpus: float) -> Iterator[ClusterResources]:
    """Ray for the time of a search: the cluster of ``find_cluster``, else a local Ray that ends with the search.

    Args:
        address: of a cluster, as it was asked for.
        local_cpus: processors that a local Ray offers.

    Raises:
        InputError: where an address does not answer.
        SearchFailed: where a local Ray does not start.
    """
    ray = import_ray()
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    cluster = find_cluster(address)
    if cluster is None:
        try:
            ray.init(address="local", num_cpus=math.ceil(local_cpus), include_dashboard=False, **quiet)
        except Exception as error:  # Ray has no type for it
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise SearchFailed(
                f"Ray could not be started on this machine ({reason}); try again when it is less busy"
            ) from error
    else:
        try:
            ray.init(address=cluster, **quiet)
        except (ConnectionError, TimeoutError, RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"--address {cluster}: Ray refuses ({reason}); check it with `ray status`, and that RAY_AUTH_MODE is the "
                "cluster's"
            ) from None
    # Tune logs failed trials and interruptions as errors; both are told by this program, once.
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    try:
        if cluster is not None:
            _check_that_workers_start(ray, cluster)
        now, grown = ray.cluster_resources(), {} if cluster is None else resources_when_grown()
        cpus, gpus = (max(now.get(name, 0.0), grown.get(name, 0.0)) for name in ("CPU", "GPU"))
        yield ClusterResources(cpus, gpus, len(ray.nodes()), cluster is None)
    finally:
        ray.shutdown()


def resources_when_grown() -> dict[str, float]:
    """What all workers have that the autoscaler may start, where this machine is the head of a cluster that `ray up` made.

    Ray's own ``get_max_resources_from_cluster_config`` knows nothing of these clusters: their autoscaler does not report it.
    """
    description = Path(_DESCRIPTION).expanduser()
    if not description.exists():
        return {}
    import yaml

    config = yaml.safe_load(description.read_text(encoding="utf-8"))
    kinds = config.get("available_node_types", {}).values()
    amounts: dict[str, list[float]] = {}
    for kind in kinds:
        for name, amount in kind["resources"].items():
            amounts.setdefault(name, []).extend([float(amount)] * kind.get("max_workers", 0))
    return {name: sum(sorted(each, reverse=True)[: config["max_workers"]]) for name, each in amounts.items()}


class _Worker:
    """The smallest of workers. It is of this module, so that a node needs this package to start it."""

    def answer(self) -> bool:
        """Whether it has started."""
        return True


def _check_that_workers_start(ray: Any, cluster: str) -> None:
    """Refuses a cluster to which one can connect and on which nothing runs.

    A client that sends a token to a cluster without tokens is let in, and then every worker of its dies without a reason. A
    cluster without this package fails every trial, one after the other.

    Raises:
        InputError: one line with what Ray says.
    """
    worker = ray.remote(num_cpus=0)(_Worker).remote()
    try:
        ray.get(worker.answer.remote(), timeout=_SECONDS_TO_START_A_WORKER)
    except (ray.exceptions.RayActorError, ray.exceptions.GetTimeoutError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        known = next(
            (line for line in reversed(lines) if "Error:" in line), lines[-1] if lines else type(error).__name__
        )
        mode = os.environ.get("RAY_AUTH_MODE", "not set")
        raise InputError(
            f"--address {cluster}: no worker starts there ({known[:200]}); install this package on its nodes, and let "
            f"RAY_AUTH_MODE ({mode} here) be the cluster's, for instance RAY_AUTH_MODE=disabled where it has no tokens"
        ) from None
    ray.kill(worker)
