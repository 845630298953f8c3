"""Connects to Ray: a cluster where there is one, else a local Ray of this process."""

import logging
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tuner.errors import InputError

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


@dataclass(frozen=True)
class ClusterResources:
    """What the nodes have together."""

    cpus: float
    gpus: float
    nodes: int
    is_local: bool


def import_ray() -> Any:
    """Imports Ray with this program's settings: quiet, without usage reports."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import ray

    return ray


def local_gpus() -> int:
    """GPUs of this machine that Ray would offer, without starting it."""
    import_ray()
    from ray._private.accelerators import NvidiaGPUAcceleratorManager

    visible = NvidiaGPUAcceleratorManager.get_current_process_visible_accelerator_ids()
    count = int(NvidiaGPUAcceleratorManager.get_current_node_num_accelerators())
    return count if visible is None else min(count, len(visible))


@contextmanager
def connected(address: str | None, *, local_cpus: float) -> Iterator[ClusterResources]:
    """Ray for the time of a search.

    Args:
        address: of a cluster, None for the one that this machine belongs to, or else a local Ray that ends with the search.
        local_cpus: processors that a local Ray offers.

    Raises:
        InputError: where the address does not answer.
    """
    ray = import_ray()
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    is_local = False
    try:
        ray.init(address=address or "auto", **quiet)
    except (ConnectionError, TimeoutError, RuntimeError, ValueError) as error:
        if address is not None:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"--address {address}: no Ray cluster answers ({reason}); check it with `ray status`"
            ) from None
        ray.init(address="local", num_cpus=math.ceil(local_cpus), include_dashboard=False, **quiet)
        is_local = True
    # Tune logs failed trials and interruptions as errors; both are told by this program, once.
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    try:
        resources = ray.cluster_resources()
        yield ClusterResources(resources.get("CPU", 0.0), resources.get("GPU", 0.0), len(ray.nodes()), is_local)
    finally:
        ray.shutdown()
