"""Short trials in workers that take long to start, two at once, until both have ended some, or there were too many.

Prints which trial ended in which worker, in their order, and failed trials as JSON.
"""

# ruff: noqa: E402  Ray takes its settings when it is first imported

import json
import os
import sys
import time
from collections import Counter

from tuner.search.ray_tune.capacity import import_ray

import_ray()

from ray import tune
from ray.tune.search import Searcher

from support.grown_workers import Failures, StopAfterOne
from tuner.runs.settings import ResourceSettings
from tuner.search.ray_tune.adapters import JournalledSearcher
from tuner.search.ray_tune.cluster import connected
from tuner.search.ray_tune.engine import run_trials

SECONDS_TO_START = 2.0
EACH, MOST_TRIALS = 4, 200  # a worker's trials; on a busy machine one has ended many before the other is there


class SlowToStart(tune.Trainable):
    """A trial of a tenth of its worker's start."""

    def setup(self, config):
        time.sleep(SECONDS_TO_START)

    def reset_config(self, new_config):
        return True

    def step(self):
        time.sleep(SECONDS_TO_START / 10)
        return {"index": self.config["index"], "worker": os.getpid()}


class UntilBothWork(JournalledSearcher):
    """Trials 0, 1, 2... until each of two workers has ended ``EACH``."""

    def __init__(self, results):
        super().__init__()
        self._results, self._proposed = results, 0

    def suggest(self, trial_id):
        trials = Counter(worker for _index, worker in self._results)
        if self._proposed == MOST_TRIALS or (len(trials) == 2 and min(trials.values()) >= EACH):
            return Searcher.FINISHED
        self._proposed += 1
        return {"index": self._proposed - 1}


def main():
    scheduler, failures = StopAfterOne(), Failures()
    resources = ResourceSettings(cpus_per_trial=1.0, gpus_per_trial=0.0, concurrency=2, address=None)
    with connected(None, local_cpus=2) as there:
        run_trials(
            SlowToStart, {}, searcher=UntilBothWork(scheduler.results), scheduler=scheduler, callback=failures,
            asked=resources, there=there, most_pending=1,
        )  # fmt: skip
    sys.stdout.write(json.dumps({"results": scheduler.results, "failed": failures.failed}))


if __name__ == "__main__":
    main()
