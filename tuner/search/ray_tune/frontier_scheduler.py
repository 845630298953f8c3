"""The frontier scheduler for any ``ray.tune.Tuner``, whose trainable need know nothing of this package."""

import json
import math
from typing import Any, Literal

import pyarrow.fs
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from tuner.search.schedulers.halving import StoppingHalving, default_grace_period, rung_epochs
from tuner.search.schedulers.scheduler import Decision, Metrics
from tuner.search.schedulers.selection import nearest_the_frontier

STATE_FILE = "frontier_scheduler.json"
"""In the folder of the experiment: what trials had reached at the rungs, from which a restored experiment goes on."""


class FrontierScheduler(FIFOScheduler):
    """Stops the trials that are far from the frontier of a metric against a cost (multi-objective ASHA).

    At each rung a trial goes on where it is among the one in ``reduction_factor`` that are nearest the frontier of all that
    came there so far: small slow learners live beside large ones (Schmucker et al. 2021, arXiv 2106.12639). Trials are
    compared on their best value so far.

    What the rungs hold is written beside the experiment's state, and ``Tuner.restore`` goes on from it: Ray keeps nothing of a
    scheduler, so that others begin anew there.

    Example::

        def train(config):
            for epoch in range(8):
                tune.report({"accuracy": ..., "parameters": ...})

        tune.Tuner(train, tune_config=tune.TuneConfig(
            scheduler=FrontierScheduler(metric="accuracy", cost="parameters", max_t=8), num_samples=50,
        )).fit()
    """

    def __init__(
        self,
        *,
        cost: str,
        max_t: int,
        metric: str | None = None,
        mode: Literal["max", "min"] | None = None,
        time_attr: str = "training_iteration",
        grace_period: int | None = None,
        reduction_factor: int = 3,
    ) -> None:
        """Takes the names of what trials report.

        Args:
            cost: less is better, above 0, the same in every report of a trial: parameters, bytes, seconds a text.
            max_t: a trial that comes so far ends.
            metric: what is compared; by default that of ``TuneConfig``.
            mode: whether more or less of it is better; by default that of ``TuneConfig``, and "max" where that has none.
            time_attr: how far a trial is, a whole number that grows.
            grace_period: the first rung; by default the square root of ``max_t``. The others are it times powers of
                ``reduction_factor``, below ``max_t``.
            reduction_factor: one in so many goes on, at least 2.

        Raises:
            ValueError: for a number out of its range.
        """
        super().__init__()
        if max_t < 1:
            raise ValueError(f"max_t must be at least 1; received {max_t}")
        first = default_grace_period(max_t) if grace_period is None else grace_period
        if first < 1:
            raise ValueError(f"grace_period must be at least 1; received {first}")
        self._metric, self._mode, self._cost = metric, mode, cost
        self._max_t, self._time_attr = max_t, time_attr
        self._rungs = rung_epochs(first, max(reduction_factor, 2), max_t)
        self._halving = StoppingHalving(self._rungs, reduction_factor, nearest_the_frontier)
        self._passed: dict[str, int] = {}
        self._stopped: set[str] = set()
        self._records: list[dict[str, Any]] = []
        self._is_restored = False

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        """Takes metric and mode of ``TuneConfig``; False where they are named twice, which Ray refuses then."""
        if (self._metric and metric) or (self._mode and mode):
            return False
        self._metric, self._mode = metric or self._metric, mode or self._mode or "max"  # type: ignore[assignment]
        return True

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Whether the trial goes on.

        Raises:
            ValueError: where the report lacks a number, or the cost is not above 0.
        """
        if not self._is_restored:
            self._restore(tune_controller, trial.storage)
        name = trial.trial_id
        reached, value, cost = (self._number(result, key, name) for key in (self._time_attr, self._metric, self._cost))
        if not cost > 0:
            raise ValueError(f"{self._cost} of trial {name} is {cost}; it must be above 0")
        if name in self._stopped or reached >= self._max_t or not math.isfinite(value):
            return str(TrialScheduler.STOP)
        metrics = Metrics(-value if self._mode == "min" else value, cost)
        rungs = [rung for rung in self._rungs if self._passed.get(name, 0) < rung <= reached]
        if not rungs:
            self._halving.report(name, 0, metrics)  # between rungs: the best value so far
        for rung in rungs:
            decision, best = self._at_rung(name, rung, metrics)
            self._records.append({"trial": name, "rung": rung, "score": best, "cost": cost})
            if decision is Decision.STOP:
                break
        if rungs:
            self._write(trial.storage)
        return str(TrialScheduler.STOP if name in self._stopped else TrialScheduler.CONTINUE)

    def debug_string(self) -> str:
        """How many trials came to each rung, and how many were stopped."""
        rungs = ", ".join(f"{len(rung.points)} at {rung.epoch}" for rung in self._halving.rungs)
        return f"FrontierScheduler: {len(self._stopped)} trials stopped; at the rungs: {rungs or 'there are none'}"

    def _at_rung(self, trial: str, rung: int, metrics: Metrics) -> tuple[Decision, float]:
        """What the trial does there, and the best score that it is compared by."""
        decision = self._halving.report(trial, rung, metrics)
        self._passed[trial] = rung
        if decision is Decision.STOP:
            self._stopped.add(trial)
        return decision, self._halving.rungs[self._rungs.index(rung)].points[trial].score

    def _number(self, result: dict[str, Any], key: str | None, trial: str) -> float:
        if key is None:
            raise ValueError("FrontierScheduler has no metric; name it here or in TuneConfig")
        if not isinstance(result.get(key), int | float):
            raise ValueError(f"a report of trial {trial} has no number {key!r}; it has {', '.join(sorted(result))}")
        return float(result[key])

    def _write(self, storage: Any) -> None:
        path, fs = f"{storage.experiment_fs_path}/{STATE_FILE}", storage.storage_filesystem
        with fs.open_output_stream(f"{path}.partial") as stream:
            stream.write(json.dumps(self._records).encode())
        fs.move(f"{path}.partial", path)

    def _restore(self, tune_controller: Any, storage: Any) -> None:
        """Goes on from the state of an experiment that was restored; that of another one of the same name is left."""
        self._is_restored = True
        path, fs = f"{storage.experiment_fs_path}/{STATE_FILE}", storage.storage_filesystem
        if fs.get_file_info(path).type is not pyarrow.fs.FileType.File:
            return
        with fs.open_input_stream(path) as stream:
            records = json.loads(stream.readall())
        known = {trial.trial_id for trial in tune_controller.get_trials()}
        for record in records:
            if record["trial"] in known:
                self._at_rung(record["trial"], record["rung"], Metrics(record["score"], record["cost"]))
                self._records.append(record)
