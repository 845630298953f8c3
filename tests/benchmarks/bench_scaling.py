"""Epochs a second on 1 to 16 simulated nodes, against the ideal: nodes divided by the length of an epoch.

    python tests/benchmarks/bench_scaling.py [--nodes 1,2,4,8,16] [--epoch-seconds 2] [--epochs 5] [--trials-per-node 5]

The nodes are raylets on this machine, and an epoch sleeps, so that its processors are left to what is measured: the engine, the
journal and Ray between trials and reports. Searcher, controller, adapters and warm workers are those of a search. The time is
taken from the moment when every node has its first trial until the last trial is given out: starting 16 workers on one
machine takes its processors longer than starting one worker on each of 16 machines.
"""

import argparse
import logging
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
# Read when Ray is imported, and by workers. In the usual folder its address would be found by every other search here.
os.environ.update(RAY_AUTH_MODE="disabled", RAY_TMPDIR=tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
os.environ.update(PYTHONPATH=f"{Path(__file__).parents[1]}:{Path(__file__).parents[2]}")

from ray import tune
from ray.cluster_utils import Cluster
from rich.console import Console
from rich.table import Table

from support.fakes import fake_report, run_folder, run_settings
from tuner.models.memory import TrainingMemory
from tuner.runs.events import EpochEnded, TrialStarted
from tuner.runs.journal import read_journal
from tuner.runs.settings import SchedulerSettings, SearchSettings
from tuner.runs.store import RunStore
from tuner.search.controller import SearchController
from tuner.search.plan import build_scheduler, build_searcher, plan_of
from tuner.search.ray_tune.adapters import ControllerCallback, ControllerScheduler, ControllerSearcher
from tuner.search.ray_tune.capacity import Capacity
from tuner.search.ray_tune.cluster import import_ray
from tuner.search.ray_tune.engine import run_trials
from tuner.search.ray_tune.trainable import REPORT
from tuner.search.ray_tune.workers import EpochTimeouts
from tuner.training.report import TrialReport

# What a network of 20,000 parameters sends after an epoch.
_STATE, _WEIGHTS = bytes(240_000), bytes(80_000)


@dataclass(frozen=True)
class Measured:
    """What one size of cluster did: seconds that were looked at, and epochs that ended in them."""

    nodes: int
    seconds: float
    epochs: int


class SleepingTrainable(tune.Trainable):
    """A trial whose epochs take a fixed time and no processor."""

    def setup(self, config, *, epoch_seconds):
        self._seconds, self._epoch = epoch_seconds, 0

    def reset_config(self, new_config):
        self._epoch = 0
        return True

    def step(self):
        time.sleep(self._seconds)
        self._epoch += 1
        report = fake_report(*self.config["seed"], self._epoch)
        return {REPORT: TrialReport(report, last=_STATE, best=_WEIGHTS)}


def settings_of(nodes: int, trials: int, epochs: int) -> SearchSettings:
    return run_settings().model_copy(
        update={
            "trials": trials,
            "epochs": epochs,
            "scheduler": SchedulerSettings(name="none"),
            "resources": run_settings().resources.model_copy(update={"concurrency": nodes}),
        }
    )


def run_search(settings: SearchSettings, folder: Path, epoch_seconds: float) -> None:
    """The search on the cluster that Ray is connected to."""
    store = RunStore(run_folder(folder))
    controller = SearchController(
        plan_of(settings), build_searcher(settings), build_scheduler(settings, store.search_state), store
    )
    controller.start()
    run_trials(
        SleepingTrainable,
        {"epoch_seconds": epoch_seconds},
        searcher=ControllerSearcher(controller),
        scheduler=ControllerScheduler(controller),
        callback=ControllerCallback(controller, lambda: None, no_memory, EpochTimeouts(600)),
        asked=settings.resources,
        there=Capacity(settings.resources.concurrency, 0),
        most_pending=settings.resources.concurrency,
    )
    controller.end("finished")
    store.close()
    errors = [record.error for record in store.search_state.trials.values() if record.error]
    if errors:
        raise RuntimeError(f"{len(errors)} trials failed: {errors[0]}")


def no_memory(_config: object) -> TrainingMemory:
    raise AssertionError("nothing runs out of memory here")


def measured(journal: Path, nodes: int) -> Measured:
    events = list(read_journal(journal))
    starts = [event.time for event in events if isinstance(event, TrialStarted)]
    first, last = starts[nodes - 1], starts[-1]
    ended = [event for event in events if isinstance(event, EpochEnded) and first < event.time <= last]
    return Measured(nodes, last - first, len(ended))


def measure(nodes: int, options: argparse.Namespace) -> Measured:
    """Runs a search on so many nodes, with nothing left of them afterwards."""
    import ray

    small = {"num_gpus": 0, "object_store_memory": 80 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **small})
    folder = Path(tempfile.mkdtemp(prefix="bench-scaling-"))
    try:
        for _ in range(nodes):
            cluster.add_node(wait=False, num_cpus=1, **small)
        cluster.wait_for_nodes(timeout=300)
        ray.init(address=cluster.address, logging_level=logging.ERROR, log_to_driver=False)
        run_search(settings_of(nodes, options.trials_per_node * nodes, options.epochs), folder, options.epoch_seconds)
        return measured(folder / "journal.jsonl", nodes)
    finally:
        ray.shutdown()
        cluster.shutdown()
        shutil.rmtree(folder)


def main() -> None:
    """Prints a row for every size of cluster."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2, 4, 8, 16])
    parser.add_argument("--epoch-seconds", type=float, default=2.0)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--trials-per-node", type=int, default=5)
    options = parser.parse_args()
    import_ray()  # for its settings
    console = Console()
    table = Table("nodes", "seconds", "epochs", "epochs a second", "ideal", "of the ideal")
    try:
        for nodes in options.nodes:
            found = measure(nodes, options)
            ideal, rate = nodes / options.epoch_seconds, found.epochs / found.seconds
            table.add_row(
                str(nodes),
                f"{found.seconds:.1f}",
                str(found.epochs),
                f"{rate:.2f}",
                f"{ideal:.2f}",
                f"{rate / ideal:.1%}",
            )
            console.print(f"{nodes} nodes: {rate / ideal:.1%} of the ideal")
    finally:
        shutil.rmtree(os.environ["RAY_TMPDIR"], ignore_errors=True)
    console.print(table)


if __name__ == "__main__":
    main()
