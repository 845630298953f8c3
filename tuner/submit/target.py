"""What a user calls the cluster, and the URL of its job server that follows."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tuner.errors import InputError
from tuner.search.ray_tune.capacity import import_ray
from tuner.search.ray_tune.cluster import find_cluster
from tuner.submit.ssh import tunnel

# Ray's client takes these for the cluster whatever it is told.
_OVERRIDING = ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS")


@contextmanager
def reached(cluster: str) -> Iterator[str]:
    """The URL of the job server for as long as the context lasts.

    Args:
        cluster: the YAML file of a cluster that ``ray up`` started; the URL of a dashboard, as it is after port forwarding; or
            "auto" for the cluster that ``ray start`` made on this machine.

    Raises:
        InputError: where it is none of these, or cannot be reached.
    """
    import_ray()
    # Ray's modules each ask for INFO, whatever is set above them; what they tell there, this program tells itself.
    for handler in logging.getLogger("ray").handlers:
        handler.setLevel(logging.WARNING)
    if cluster.startswith(("http://", "https://")):
        with _not_overridden():
            yield cluster.rstrip("/")
    elif cluster == "auto":
        url = _of_this_machine()
        with _not_overridden():
            yield url
    elif Path(cluster).is_file():
        with _not_overridden(), tunnel(Path(cluster)) as url:
            yield url
    else:
        raise InputError(
            f"{cluster}: there is no such file; give the YAML of a cluster, the URL of its dashboard "
            "(http://127.0.0.1:8265), or auto for the cluster of this machine"
        )


def _of_this_machine() -> str:
    address = find_cluster(None)
    if address is None:
        raise InputError("auto: no Ray cluster runs on this machine; start one with `ray start --head`")
    from ray.dashboard.utils import ray_address_to_api_server_url

    try:
        return str(ray_address_to_api_server_url(address))
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InputError(
            f"auto: the cluster at {address} has no dashboard ({str(error).splitlines()[0][:200]})"
        ) from None


@contextmanager
def _not_overridden() -> Iterator[None]:
    taken = {name: os.environ.pop(name) for name in _OVERRIDING if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)
