"""When a warm worker is replaced: what XLA has compiled, TensorFlow gives back only when its process ends."""

from typing import Any

import psutil
from ray.tune.schedulers import FIFOScheduler

from tuner.models.allocator import give_back_freed_memory

WORN = "worn"
"""Key of a result under which a worker says that it should train no further trial."""

MOST_GROWTH = 3 * 2**29
"""Bytes of resident memory that a worker may have gained since it was set up. A compiled network leaves some 18 MB behind for
each length of its batches, a new process costs some five seconds: it comes after about forty networks of two lengths each, or
where a user's own model leaks."""


class Wear:
    """The growth of this process since it was set up."""

    def __init__(self, most_growth: int = MOST_GROWTH) -> None:
        """Takes the size of now as the one to compare with, without what is free."""
        give_back_freed_memory()
        self._process = psutil.Process()
        self._most = self._process.memory_info().rss + most_growth

    @property
    def is_too_much(self) -> bool:
        """Whether the process should be replaced before the next trial."""
        if not self._has_grown:
            return False
        give_back_freed_memory()
        return self._has_grown

    @property
    def _has_grown(self) -> bool:
        return bool(self._process.memory_info().rss > self._most)


class WarmWorkerScheduler(FIFOScheduler):
    """Runs trials in the order of their proposal, each in a worker that is warm, unless its last trial wore it out."""

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Keeps the trial's worker for another trial or lets it go.

        Ray knows this for all workers of a search or for none; it asks for each worker as its trial ends, right after this
        call. A worker that refuses its next trial would fail it, which changes the order of trials.
        """
        tune_controller._reuse_actors = not result.get(WORN, False)
