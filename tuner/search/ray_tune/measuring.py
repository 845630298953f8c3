"""Measures the GPUs of a cluster before a search on it is planned."""

from tuner.errors import InputError
from tuner.search.ray_tune.cards import cards
from tuner.search.ray_tune.cluster import connected
from tuner.search.ray_tune.importing import import_ray

_SECONDS_TO_ANSWER = 120.0


def smallest_card(address: str) -> int:
    """Bytes of the smallest GPU among the nodes of a cluster that are up.

    Raises:
        InputError: where none of them has one, or a node does not answer.
    """
    with connected(address, local_cpus=1):
        ray = import_ray()
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("GPU")]
        ask = ray.remote(num_cpus=0)(cards)
        asked = [
            ask.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote() for node in nodes
        ]
        try:
            answers = ray.get(asked, timeout=_SECONDS_TO_ANSWER)
        except (ray.exceptions.RayError, TimeoutError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"--gpus-per-trial auto: a node does not tell its cards ({reason[:200]}); give a fraction"
            ) from None
    sizes: list[int] = [card["memory"] for answer in answers for card in answer]
    if not sizes:
        raise InputError(
            "--gpus-per-trial auto: no node that is up has a GPU to measure; give a fraction such as 0.25, or let the cluster "
            "keep a GPU node (min_workers: 1)"
        )
    return min(sizes)
