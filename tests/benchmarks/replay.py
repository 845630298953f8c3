"""Searches over recorded learning curves in simulated time: the real controller, schedulers and searchers, no training."""

import heapq
import itertools
import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from search_spaces.config import TrialConfig
from support.in_memory_store import InMemoryStore
from tuner.models.counting import training_flops
from tuner.runs.search_state import SearchState, TrialRecord
from tuner.search.controller import SearchController, trial_id
from tuner.search.plan import Plan
from tuner.search.schedulers.scheduler import Decision, Scheduler
from tuner.search.searchers.searcher import Searcher
from tuner.training.report import EpochReport, TrialReport


@dataclass(frozen=True)
class Curve:
    """One recorded trial.

    Attributes:
        config: what was trained.
        parameters: its parameter count.
        accuracies: validation accuracy after each epoch; None from where it diverged.
        cost: of an epoch, in training operations a token: what the simulated clock counts.
    """

    config: TrialConfig
    parameters: int
    accuracies: tuple[float | None, ...]
    cost: float


@dataclass(frozen=True)
class Recording:
    """An exhaustive search: all points of a grid, every one trained to the end."""

    curves: tuple[Curve, ...]
    plan: Plan

    @cached_property
    def _by_config(self) -> dict[TrialConfig, Curve]:
        return {curve.config: curve for curve in self.curves}

    def curve(self, config: TrialConfig) -> Curve:
        """What was recorded of a configuration."""
        return self._by_config[config]

    def best(self) -> pd.DataFrame:
        """Parameters and best accuracy of every trial: what an exhaustive search would have found."""
        return pd.DataFrame(
            {
                "trial_id": trial_id(index),
                "parameters": curve.parameters,
                "val_accuracy": max(a for a in curve.accuracies if a is not None),
            }
            for index, curve in enumerate(self.curves)
            if curve.accuracies[0] is not None
        )


def read_recording(path: Path, *, varied: tuple[str, ...]) -> Recording:
    """A table of ``record_curves.py``."""
    table = pd.read_csv(path)
    epochs = [column for column in table.columns if column.startswith("epoch_")]
    vocabulary = int(table["vocabulary_size"].iloc[0])
    plan = Plan(trials=len(table), epochs=len(epochs), vocabulary_size=vocabulary, classes=2, max_params=None)
    curves = []
    for row in table.to_dict("records"):
        config = TrialConfig(
            **{name: row[name] for name in varied}, vocabulary=vocabulary, bidirectional=False, pooling="last"
        )
        if plan.count(config).total != row["parameters"]:
            raise ValueError(
                f"{path}: {config} has {plan.count(config).total} parameters, the table {row['parameters']}"
            )
        accuracies = tuple(None if math.isnan(row[epoch]) else row[epoch] for epoch in epochs)
        cost = float(training_flops(plan.network(config)))
        curves.append(Curve(config, int(row["parameters"]), accuracies, cost))
    return Recording(tuple(curves), plan)


class Shuffled:
    """The recorded trials in an order that follows from the seed, each once."""

    def __init__(self, recording: Recording, seed: int) -> None:
        """Shuffles."""
        order = np.random.default_rng(seed).permutation(len(recording.curves))
        self._configs = [recording.curves[i].config for i in order]

    def propose(self, index: int, trials: Collection[TrialRecord]) -> TrialConfig:
        """The next one."""
        return self._configs[index]


def simulate(
    recording: Recording, searcher: Searcher, scheduler: Scheduler, *, trials: int, workers: int
) -> SearchState:
    """Runs a whole search: the real controller, with curves in the place of training.

    A clock of training operations says which worker reports next, so larger networks report later, as they do.
    """
    records = InMemoryStore()
    controller = SearchController(
        replace(recording.plan, trials=trials), searcher, scheduler, records, clock=lambda: 0.0
    )
    controller.start()
    order = itertools.count()  # settles equal times by who began first
    busy: list[tuple[float, int, str, Curve, int]] = []

    def give_work(now: float) -> None:
        while len(busy) < workers and (assignment := controller.next_trial()) is not None:
            curve = recording.curve(assignment.config)
            epoch = int(assignment.state or b"0") + 1
            heapq.heappush(busy, (now + curve.cost, next(order), assignment.trial, curve, epoch))

    give_work(0.0)
    while busy:
        now, _, trial, curve, epoch = heapq.heappop(busy)
        decision = controller.on_report(trial, TrialReport(_report(curve, epoch), str(epoch).encode(), None))
        if decision is Decision.CONTINUE:
            heapq.heappush(busy, (now + curve.cost, next(order), trial, curve, epoch + 1))
        give_work(now)
    return records.search_state


def _report(curve: Curve, epoch: int) -> EpochReport:
    accuracy = curve.accuracies[epoch - 1]
    loss = math.nan if accuracy is None else 0.0
    return EpochReport(epoch, loss, 0.0, loss, {} if accuracy is None else {"accuracy": accuracy}, curve.cost, 0.0, 0.0)


def results(search_state: SearchState) -> pd.DataFrame:
    """Parameters and best accuracy of the trials that reported one."""
    return pd.DataFrame(
        {"trial_id": record.trial, "parameters": record.parameters, "val_accuracy": record.value}
        for record in search_state.with_score()
    )
