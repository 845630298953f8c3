"""Short trials in workers that take long to start, two at once. Prints when each trial ended, and in which worker, as JSON."""

# ruff: noqa: E402  Ray takes its settings when it is first imported

import json
import os
import sys
import time

from tuner.search.ray_tune.capacity import import_ray

import_ray()

from ray import tune

from support.grown_workers import Failures, Numbers, StopAfterOne
from tuner.runs.settings import ResourceSettings
from tuner.search.ray_tune.cluster import connected
from tuner.search.ray_tune.engine import run_trials

SECONDS_TO_START, TRIALS = 2.0, 16


class SlowToStart(tune.Trainable):
    """A trial of a tenth of its worker's start."""

    def setup(self, config):
        time.sleep(SECONDS_TO_START)

    def reset_config(self, new_config):
        return True

    def step(self):
        time.sleep(SECONDS_TO_START / 10)
        return {"index": self.config["index"], "worker": os.getpid()}


def main():
    scheduler, failures = StopAfterOne(), Failures()
    resources = ResourceSettings(cpus_per_trial=1.0, gpus_per_trial=0.0, concurrency=2, address=None)
    with connected(None, local_cpus=2) as there:
        run_trials(
            SlowToStart, {}, searcher=Numbers(TRIALS), scheduler=scheduler, callback=failures,
            asked=resources, there=there, most_pending=1,
        )  # fmt: skip
    sys.stdout.write(json.dumps({"results": scheduler.results, "failed": failures.failed}))


if __name__ == "__main__":
    main()
