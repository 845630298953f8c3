"""Six trials through the engine, one at once; the third wears its worker out. Prints results and failed trials as JSON."""

# ruff: noqa: E402  Ray takes its settings when it is first imported

import json
import os
import sys

from tuner.search.ray_tune.capacity import import_ray

import_ray()

from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from tuner.runs.settings import ResourceSettings
from tuner.search.ray_tune.adapters import JournalledSearcher
from tuner.search.ray_tune.cluster import connected
from tuner.search.ray_tune.engine import run_trials
from tuner.search.ray_tune.workers import RECYCLE, WarmWorkerScheduler


class Numbers(JournalledSearcher):
    """Trials 0, 1, 2..."""

    def __init__(self, count):
        super().__init__()
        self._left = list(range(count))

    def suggest(self, trial_id):
        return {"index": self._left.pop(0)} if self._left else Searcher.FINISHED


class StopAfterOne(WarmWorkerScheduler):
    """Ends every trial at its first result, which it keeps."""

    def __init__(self):
        super().__init__()
        self.results = []

    def on_trial_result(self, tune_controller, trial, result):
        self.results.append((result["index"], result["worker"]))
        return TrialScheduler.STOP


class WornByTheThird(tune.Trainable):
    """Its worker is replaced after the third trial."""

    def reset_config(self, new_config):
        return True

    def step(self):
        return {"index": self.config["index"], "worker": os.getpid(), RECYCLE: self.config["index"] == 2}


class Failures(tune.Callback):
    """Keeps the trials that fail."""

    def __init__(self):
        self.failed = []

    def on_trial_error(self, iteration, trials, trial, **info):
        self.failed.append(trial.config["index"])


def main():
    scheduler, failures = StopAfterOne(), Failures()
    resources = ResourceSettings(cpus_per_trial=1.0, gpus_per_trial=0.0, concurrency=1, address=None)
    with connected(None, local_cpus=1) as there:
        run_trials(
            WornByTheThird, {}, searcher=Numbers(6), scheduler=scheduler, callback=failures,
            asked=resources, there=there, most_pending=1,
        )  # fmt: skip
    sys.stdout.write(json.dumps({"results": scheduler.results, "failed": failures.failed}))


if __name__ == "__main__":
    main()
