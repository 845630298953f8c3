"""What a trial costs that trains nothing: empty trials of three reports, here and through raw Ray Tune.

    python tests/benchmarks/bench_overhead.py                   # 100 and 1,000 trials; minutes
    python tests/benchmarks/bench_overhead.py --trials 10000    # ours alone above 1,000
    python tests/benchmarks/bench_overhead.py --trials 1000 --track mlflow --track tensorboard --track optuna

With ``--track`` the sides are ours alone, and ours followed by each tracker: in the run's folder, or at KIND=PLACE.

Otherwise three sides, each in a process of its own with a local Ray of two workers, in turn, ``--rounds`` times:

    ours        run_trials with the real controller, searcher, journal, tables and weights, and ASHA stopping nobody
    barest      raw Ray Tune at its leanest: a class Trainable, reused actors, no loggers, random search
    documented  raw Ray Tune as its documentation shows: a function that calls tune.report, fresh actors, default loggers

Wall time is that of the trials alone: from the call that runs them to its return, Ray's own start apart. Processor time and
memory are the driver's.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

REPORTS = 3
WORKERS = 2
STATE = bytes(1_000)
"""What stands for a trial's weights and optimizer. The rivals' reports carry none, so it is next to nothing here."""


def ours(trials: int, folder: Path, track: str | None = None) -> None:
    """Empty trials through the engine, followed by a tracker where one is given."""
    from ray import tune

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from search_spaces import named_space
    from support.fakes import run_settings
    from tuner.models.memory import training_memory
    from tuner.runs.folder import create_run
    from tuner.runs.settings import ResourceSettings, write_settings
    from tuner.runs.store import RunStore
    from tuner.search.controller import SearchController
    from tuner.search.plan import build_scheduler, build_searcher, plan_of
    from tuner.search.ray_tune.adapters import ControllerCallback, ControllerScheduler, ControllerSearcher
    from tuner.search.ray_tune.capacity import Capacity
    from tuner.search.ray_tune.engine import run_trials
    from tuner.search.ray_tune.trainable import REPORT
    from tuner.search.ray_tune.workers import EpochTimeouts
    from tuner.tracking.destinations import destinations
    from tuner.tracking.following import following
    from tuner.training.report import EpochReport, TrialReport

    class Empty(tune.Trainable):
        """Reports three epochs."""

        def setup(self, config: dict[str, Any]) -> None:
            """Begins."""
            self.reset_config(config)

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            """Begins the next."""
            self.epoch = 0
            return True

        def step(self) -> dict[str, Any]:
            """One report, of an accuracy that is the same for all, so that no trial is stopped."""
            self.epoch += 1
            report = EpochReport(self.epoch, 0.5, 0.5, 0.5, {"accuracy": 0.5}, 0.0, 0.0, 0.0)
            return {REPORT: TrialReport(report, STATE, STATE if self.epoch == 1 else None)}

    asked = ResourceSettings(cpus_per_trial=1, gpus_per_trial=0, concurrency=WORKERS, address=None)
    base = run_settings()
    scheduler = base.scheduler.model_copy(update={"grace_period": 1, "reduction_factor": 3})
    settings = base.model_copy(
        update={
            "trials": trials,
            "epochs": REPORTS,
            "resources": asked,
            "scheduler": scheduler,
            "space": named_space_document(named_space("frontier")),
        }
    )
    run = create_run(folder, "run", lambda new: (write_settings(new.settings, settings), new.journal.touch()))
    store = RunStore(run)
    plan = plan_of(settings)
    controller = SearchController(plan, build_searcher(settings), build_scheduler(settings, store.search_state), store)
    complaints: list[str] = []
    with chdir(folder):  # where a tracker without a place writes
        followed_by = destinations([] if track is None else [track])
    with following(run, settings, followed_by, complaints.append):
        controller.start()
        run_trials(
            Empty,
            {},
            searcher=ControllerSearcher(controller),
            scheduler=ControllerScheduler(controller),
            callback=ControllerCallback(
                controller,
                lambda: None,
                lambda config: training_memory(plan.network(config), config, length=1),
                EpochTimeouts(None),
            ),
            asked=asked,
            there=Capacity(WORKERS, 0, is_local=True),
            most_pending=WORKERS,
        )
        controller.end("finished")
        store.close()
    if complaints:
        raise SystemExit(complaints[0])
    _check(sum(len(record.epochs) for record in store.search_state.trials.values()), trials)


def named_space_document(space: Any) -> Any:
    """As ``search.yaml`` holds a space."""
    from search_spaces.documents import space_document

    return space_document(space)


def _check(reports: int, trials: int) -> None:
    if reports != REPORTS * trials:
        raise SystemExit(f"{reports} reports of {trials} trials: the sides would not do the same")


def _check_results(results: Any, trials: int) -> None:
    if results.errors:
        raise SystemExit(f"{len(results.errors)} trials failed: {results.errors[0]}")
    _check(sum(result.metrics["training_iteration"] for result in results), trials)


def barest(trials: int, folder: Path) -> None:
    """Raw Ray Tune, reused actors, no loggers."""
    os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
    from ray import tune

    class Empty(tune.Trainable):
        """Reports three times."""

        def setup(self, config: dict[str, Any]) -> None:
            """Begins."""
            self.reset_config(config)

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            """Begins the next."""
            self.reports = 0
            return True

        def step(self) -> dict[str, Any]:
            """One report."""
            self.reports += 1
            return {"accuracy": 0.5, "done": self.reports == REPORTS}

    run_config = tune.RunConfig(
        storage_path=str(folder),
        name="run",
        verbose=0,
        checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
    )
    tune_config = tune.TuneConfig(num_samples=trials, reuse_actors=True, metric="accuracy", mode="max")
    results = tune.Tuner(
        Empty, param_space={"rate": tune.loguniform(1e-4, 1e-1)}, tune_config=tune_config, run_config=run_config
    ).fit()
    _check_results(results, trials)


def documented(trials: int, folder: Path) -> None:
    """Raw Ray Tune as its documentation shows."""
    from ray import tune

    def train(config: dict[str, Any]) -> None:
        for _ in range(REPORTS):
            tune.report({"accuracy": 0.5})

    run_config = tune.RunConfig(storage_path=str(folder), name="run", verbose=0)
    tune_config = tune.TuneConfig(num_samples=trials, metric="accuracy", mode="max")
    results = tune.Tuner(
        train, param_space={"rate": tune.loguniform(1e-4, 1e-1)}, tune_config=tune_config, run_config=run_config
    ).fit()
    _check_results(results, trials)


SIDES: dict[str, Callable[[int, Path], None]] = {"ours": ours, "barest": barest, "documented": documented}


MOST = {"barest": 1000, "documented": 100}
"""Trials with which a rival is measured."""


def measure(side: str, trials: int, track: str | None) -> None:
    """Runs one side in this process and prints what it cost as a line of JSON."""
    from tuner.search.ray_tune.cluster import import_ray

    if side != "ours":  # as a user would have it, but for reports to the vendor
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        import ray
    else:
        ray = import_ray()
    ray.init(address="local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory() as folder:
        started, processor = time.perf_counter(), time.process_time()
        if side == "ours":
            ours(trials, Path(folder), track)
        else:
            SIDES[side](trials, Path(folder))
        seconds, processor = time.perf_counter() - started, time.process_time() - processor
        files = sum(path.is_file() for path in Path(folder).rglob("*"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    ray.shutdown()
    print("MEASURED", json.dumps({"seconds": seconds, "processor": processor, "files": files, "memory": memory}))


def measured(side: str, trials: int, track: str | None = None) -> dict[str, float]:
    """The costs of one side, measured in a process of its own."""
    command = [
        sys.executable,
        __file__,
        "--side",
        side,
        "--trials",
        str(trials),
        *(["--track", track] if track else []),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("MEASURED ")]
    if not lines:
        raise SystemExit(f"{side} of {trials} trials broke:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    costs: dict[str, float] = json.loads(lines[0].removeprefix("MEASURED "))
    return costs


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Costs of trials that train nothing.")
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1000], help="numbers of trials")
    parser.add_argument(
        "--rounds", type=int, default=3, help="measurements of each side, at up to 100 trials or with --track"
    )
    parser.add_argument("--track", action="append", default=[], metavar="KIND[=PLACE]", help="a tracker; repeatable")
    parser.add_argument("--side", choices=list(SIDES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        measure(options.side, options.trials[0], next(iter(options.track), None))
        return
    table = Table("trials", "side", "ms a trial", "driver ms a trial", "files", "driver memory (MB)", "of ours")
    for trials in options.trials:
        sides: dict[str, tuple[str, str | None]] = {"ours": ("ours", None)}
        if options.track:
            sides |= {place: ("ours", place) for place in options.track}
        else:
            sides |= {side: (side, None) for side, most in MOST.items() if trials <= most}
        costs: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
        for _ in range(options.rounds if trials <= 100 or options.track else 1):
            for side, (program, track) in sides.items():
                costs[side].append(measured(program, trials, track))
        median = {
            side: {name: statistics.median(cost[name] for cost in of_side) for name in of_side[0]}
            for side, of_side in costs.items()
        }
        for side, cost in median.items():
            table.add_row(
                f"{trials:,}",
                side,
                f"{cost['seconds'] / trials * 1e3:.1f}",
                f"{cost['processor'] / trials * 1e3:.1f}",
                f"{cost['files']:,.0f}",
                f"{cost['memory'] / 1e6:.0f}",
                f"{cost['seconds'] / median['ours']['seconds']:.2f}x",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
