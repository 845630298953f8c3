"""What a cluster has, or would have once its autoscaler has started all the nodes that it may."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuner.errors import InputError
from tuner.quiet import quiet_stderr
from tuner.search.ray_tune.autoscaling import most_resources, nodes_elsewhere
from tuner.search.ray_tune.importing import import_ray


@dataclass(frozen=True)
class Capacity:
    """What all nodes have together.

    Attributes:
        cpus: processors, those of nodes that the autoscaler may still start included.
        gpus: likewise.
        is_open: whether there may be more, nobody here knows how many.
    """

    cpus: float
    gpus: float
    is_open: bool = False


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
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"--address {address}: Ray refuses ({reason}); check it with `ray status`, and that RAY_AUTH_MODE is the cluster's"
        ) from None
    finally:
        state.disconnect()


def grown(now: Mapping[str, float], address: str) -> Capacity:
    """The capacity of a cluster with these resources now, once its autoscaler has started all that it may.

    Args:
        now: resources of the nodes that are up.
        address: HOST:PORT of the cluster.
    """
    more = most_resources(address)
    cpus, gpus = (max(now.get(name, 0.0), more.get(name, 0.0)) for name in ("CPU", "GPU"))
    return Capacity(cpus, gpus, is_open=nodes_elsewhere())
