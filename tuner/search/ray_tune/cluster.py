"""Connects to Ray, a cluster or a local one; measures its GPUs; asks its autoscaler for nodes.

Ray Tune asks by itself, but only for trials that wait. With searchers that learn, and schedulers that call trials back, that is
one at a time, so nodes would come one after the other; and between two trials a node would count as idle. So the search
says what it needs: less and less towards its end, and nothing after it.
"""

import logging
import math
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tuner.errors import InputError, SearchFailed
from tuner.runs.settings import ResourceSettings
from tuner.search.ray_tune.capacity import Capacity, grown, import_ray, refused
from tuner.search.ray_tune.gpus import gpus_of_node

_SECONDS_TO_ANSWER = 10.0
_SECONDS_TO_START_A_WORKER = 120.0

# Below its folder, a local Ray makes sockets in a folder that is named by the time and the process.
_SOCKET = "ray/session_2026-01-31_12-00-00_000000_{process}/sockets/plasma_store"
_LONGEST_SOCKET = 103 if sys.platform == "darwin" else 107  # bytes that the system allows for a socket's path

RAY_FOLDER_REMEDY = "set RAY_TMPDIR to a short absolute folder that you can write, for instance RAY_TMPDIR=/tmp"


def local_gpus() -> int:
    """GPUs of this machine that Ray would offer, without starting it."""
    import_ray()
    from ray._private.accelerators import NvidiaGPUAcceleratorManager

    visible = NvidiaGPUAcceleratorManager.get_current_process_visible_accelerator_ids()
    count = int(NvidiaGPUAcceleratorManager.get_current_node_num_accelerators())
    return count if visible is None else min(count, len(visible))


def ray_folder() -> tuple[Path, str | None]:
    """Finds where a local Ray would keep its sockets and logs: RAY_TMPDIR, else TMPDIR, else ``/tmp``.

    Returns:
        The folder, and why Ray cannot work there, None where it can. Ray itself would say it late or not at all.
    """
    import_ray()
    from ray._common.utils import get_default_system_temp_dir

    folder = Path(get_default_system_temp_dir())
    if not folder.is_absolute():
        return folder, "is not absolute"
    left = _LONGEST_SOCKET - len(os.fsencode(folder / _SOCKET.format(process=os.getpid())))
    if left < 0:
        length = len(os.fsencode(folder))
        return folder, f"is too long for Ray's sockets ({length} bytes, at most {length + left})"
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return folder, None
    except OSError as error:
        return folder, f"cannot be written ({error.strerror})"


def find_cluster(address: str | None) -> str | None:
    """The cluster to use: the one asked for, else RAY_ADDRESS, else the one that ``ray start`` made on this machine.

    Ray's own ``auto`` would also take the local Ray of another search that happens to run, and lose it when that ends.

    Raises:
        InputError: where nobody listens at an address that was asked for.
    """
    asked = address or os.environ.get("RAY_ADDRESS")
    if asked:
        fault = _fault_of_address(asked)
        if fault is None:
            return asked
        if address is None:
            raise InputError(f"RAY_ADDRESS={asked}: {fault}, or unset RAY_ADDRESS")
        raise InputError(fault, option="address", value=asked)
    import_ray()
    from ray._common.utils import get_ray_address_file

    started = Path(get_ray_address_file(None))
    recorded = started.read_text(encoding="utf-8").strip() if started.exists() else ""
    return recorded if recorded and _why_silent(recorded) is None else None


def _fault_of_address(address: str) -> str | None:
    """What is wrong with an address that somebody gave, and what to do; None where a cluster answers there."""
    if address not in ("auto", "local") and not address.rpartition(":")[2].isdecimal():
        return "is no address; write HOST:PORT, for instance 10.0.0.1:6379"
    reason = _why_silent(address)
    return None if reason is None else f"no Ray cluster answers ({reason}); check it with `ray status`"


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
def connected(address: str | None, *, local_cpus: float) -> Iterator[Capacity]:
    """Ray for the time of a search: that of the caller, else the cluster of ``find_cluster``, else a local Ray.

    A Ray that the caller has connected in Python stays; all others end, or are left, with the search.

    Args:
        address: of a cluster, as it was asked for.
        local_cpus: processors that a local Ray offers.

    Raises:
        InputError: where an address does not answer, or a local Ray cannot work in its folder.
        SearchFailed: where a local Ray does not start.
    """
    ray = import_ray()
    if ray.is_initialized():
        if address is not None:
            raise InputError(
                "Ray is connected already; leave the address out, or call ray.shutdown() before",
                option="address",
                value=address,
            )
        with _quiet_tune():
            yield grown(ray.cluster_resources(), ray.get_runtime_context().gcs_address)
        return
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    cluster = find_cluster(address)
    if cluster is None:
        folder, fault = ray_folder()
        if fault is not None:
            raise InputError(f"{folder}: {fault}, and Ray works in this temporary folder; {RAY_FOLDER_REMEDY}")
        try:
            with _minimal_agents():
                ray.init(address="local", num_cpus=math.ceil(local_cpus), include_dashboard=False, **quiet)
        except Exception as error:  # Ray has no type for it
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise SearchFailed(
                f"Ray could not be started on this machine ({reason}); try again when it is less busy, or look into "
                f"{folder}/ray/session_latest/logs"
            ) from error
    else:
        try:
            ray.init(address=cluster, **quiet)
        except (ConnectionError, TimeoutError, RuntimeError, ValueError) as error:
            raise refused(cluster, error) from None
    try:
        if cluster is not None:
            _check_that_workers_start(ray, cluster)
        now = ray.cluster_resources()
        with _quiet_tune():
            if cluster is None:
                yield Capacity(now.get("CPU", 0.0), now.get("GPU", 0.0), is_local=True)
            else:
                yield grown(now, ray.get_runtime_context().gcs_address)
    finally:
        ray.shutdown()


@contextmanager
def _quiet_tune() -> Iterator[None]:
    """Without what Tune logs: failed trials and interruptions as errors, which this program tells once, and files not kept."""
    logger = logging.getLogger("ray.tune")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _minimal_agents() -> Iterator[None]:
    """Ray as it starts without the dashboard's packages, where they are installed.

    A local Ray shows no dashboard, but where ``ray[default]`` is there its agents load all that one would need: the start took
    five seconds more.
    """
    from ray._private import utils

    original = utils.get_dashboard_dependency_error
    utils.get_dashboard_dependency_error = lambda: ImportError("a local Ray has no dashboard")
    try:
        yield
    finally:
        utils.get_dashboard_dependency_error = original


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
            f"no worker starts there ({known[:200]}); install this package on its nodes, and let RAY_AUTH_MODE ({mode} here) "
            "be the cluster's, for instance RAY_AUTH_MODE=disabled where it has no tokens",
            option="address",
            value=cluster,
        ) from None
    ray.kill(worker)


_SECONDS_TO_MEASURE = 120.0


def smallest_gpu(address: str) -> int:
    """Bytes of the smallest GPU among the nodes of a cluster that are up.

    Raises:
        InputError: where none of them has one, or a node does not answer.
    """
    with connected(address, local_cpus=1):
        ray = import_ray()
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("GPU")]
        ask = ray.remote(num_cpus=0)(gpus_of_node)
        asked = [
            ask.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote() for node in nodes
        ]
        try:
            found = ray.get(asked, timeout=_SECONDS_TO_MEASURE)
        except (ray.exceptions.RayError, TimeoutError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"a node does not report its GPUs ({reason[:200]}); give a fraction",
                option="gpus_per_trial",
                value="auto",
            ) from None
    sizes: list[int] = [gpu["memory"] for node in found for gpu in node]
    if not sizes:
        raise InputError(
            "no node that is up has a GPU to measure; give a fraction such as 0.25, or let the cluster keep a GPU node "
            "(min_workers: 1)",
            option="gpus_per_trial",
            value="auto",
        )
    return min(sizes)


Ask = Callable[[Sequence[Mapping[str, float]]], None]


class AutoscalerRequest:
    """Keeps the autoscaler told of how many trials are to run at once."""

    def __init__(self, resources: ResourceSettings, ask: Ask) -> None:
        needs = {"CPU": resources.cpus_per_trial, "GPU": resources.gpus_per_trial}
        self._bundle = {name: amount for name, amount in needs.items() if amount}
        self._most = resources.concurrency
        self._ask = ask
        self._asked = 0

    def want(self, left: int) -> None:
        """So many trials are left; as many of them as run at once need room. Says nothing where nothing has changed."""
        count = min(self._most, left)
        if count != self._asked:
            self._ask([self._bundle] * count)
            self._asked = count


@contextmanager
def autoscaler_request(resources: ResourceSettings, cluster: Capacity) -> Iterator[AutoscalerRequest]:
    """The demand of a search on a connected cluster; all of it is given back in the end, however that comes.

    A local Ray has no autoscaler: there it asks nobody. A search that is killed leaves its demand to the next one.
    """
    asked = AutoscalerRequest(resources, (lambda _: None) if cluster.is_local else _ask_autoscaler)
    try:
        yield asked
    finally:
        asked.want(0)


def _ask_autoscaler(bundles: Sequence[Mapping[str, float]]) -> None:
    from ray.autoscaler.sdk import request_resources

    request_resources(bundles=[dict(bundle) for bundle in bundles])
