"""What a search asks of the autoscaler of its cluster.

Ray Tune asks by itself, but only for trials that wait. With searchers that learn, and schedulers that call trials back, that is
one at a time, so nodes would come one after the other; and between two trials a node would count as idle. So the search
says what it needs: less and less towards its end, and nothing after it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tuner.runs.settings import ResourceSettings
from tuner.search.ray_tune.cluster import ClusterResources

Ask = Callable[[Sequence[Mapping[str, float]]], None]


class Demand:
    """Keeps the autoscaler told of how many trials are to run at once."""

    def __init__(self, resources: ResourceSettings, ask: Ask) -> None:
        """Takes what a trial needs, and how to ask for a list of such."""
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

    def give_back(self) -> None:
        """Nothing more is needed."""
        self.want(0)


@contextmanager
def demand(resources: ResourceSettings, cluster: ClusterResources) -> Iterator[Demand]:
    """The demand of a search on a connected cluster; all of it is given back in the end, however that comes.

    A local Ray has no autoscaler: there it asks nobody. A search that is killed leaves its demand to the next one.
    """
    asked = Demand(resources, _nobody if cluster.is_local else _autoscaler)
    try:
        yield asked
    finally:
        asked.give_back()


def _nobody(_bundles: Sequence[Mapping[str, float]]) -> None:
    return


def _autoscaler(bundles: Sequence[Mapping[str, float]]) -> None:
    from ray.autoscaler.sdk import request_resources

    asked: list[dict[str, Any]] = [dict(bundle) for bundle in bundles]
    request_resources(bundles=asked)
