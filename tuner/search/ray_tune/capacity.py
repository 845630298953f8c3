"""What a cluster has, or would have once its autoscaler has started all the nodes that it may."""

import importlib
from dataclasses import dataclass
from typing import Any

from tuner.errors import InputError
from tuner.search.ray_tune.importing import import_ray


@dataclass(frozen=True)
class Capacity:
    """Processors and GPUs of all nodes together, those that are not started yet included."""

    cpus: float
    gpus: float


def capacity(address: str) -> Capacity:
    """The capacity of a cluster, without connecting to it as a driver does.

    Args:
        address: as ``find_cluster`` gives it.

    Raises:
        InputError: where the cluster does not answer.
    """
    ray = import_ray()
    from ray._private.services import canonicalize_bootstrap_address_or_die
    from ray._private.state import GlobalState

    raylet: Any = importlib.import_module("ray._raylet")  # a compiled module: its names are not known to type checkers
    state = GlobalState()
    try:
        place = canonicalize_bootstrap_address_or_die(address)
        state._initialize_global_state(
            raylet.GcsClientOptions.create(place, None, allow_cluster_id_nil=True, fetch_cluster_id_if_nil=False)
        )
        return of_state(state)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"--address {address}: Ray refuses ({reason}); check it with `ray status`, and that RAY_AUTH_MODE is the cluster's"
        ) from None
    finally:
        state.disconnect()


def of_state(state: Any) -> Capacity:
    """The capacity that Ray's global state tells: the nodes' resources, or the autoscaler's bounds where they are higher."""
    now, most = state.cluster_resources(), state.get_max_resources_from_cluster_config() or {}
    return Capacity(
        cpus=max(now.get("CPU", 0.0), float(most.get("CPU", 0.0))),
        gpus=max(now.get("GPU", 0.0), float(most.get("GPU", 0.0))),
    )
