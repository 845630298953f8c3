"""Searchers that learn from trials: Optuna's and KerasTuner's."""

import math
from functools import partial

import numpy as np
import pytest

from search_spaces import Choice, LogUniform, Space, TrialConfig, named_space
from support.made_up_trials import record_of
from tuner.errors import InputError
from tuner.search.searchers.bayesian_search import BayesianSearcher
from tuner.search.searchers.optuna_search import OptunaSearcher
from tuner.search.searchers.random_search import RandomSearcher
from tuner.search.searchers.searcher import PointsFirst

RECOMMENDED = TrialConfig(vocabulary_order="informative", weight_average=0.998)
"""What the space frontier begins with."""

SPACE = Space(
    "s",
    {
        "learning_rate": LogUniform(1e-4, 1e-1),
        "units": Choice((8, 16, 32, 64)),
        "cell": Choice(("lstm", "gru")),
        "dropout": Choice((0.1,)),
    },
)


def optuna(objective="metric", fits=lambda _: True):
    return OptunaSearcher(SPACE, seed=0, fits=fits, epochs=8, objective=objective)


def bayesian(fits=lambda _: True):
    return BayesianSearcher(SPACE, seed=0, fits=fits)


BAYESIAN = pytest.param(bayesian, marks=pytest.mark.tensorflow)
"""KerasTuner imports TensorFlow."""


def accuracy(config):
    """Best at a rate of 0.01, whatever the size."""
    return 0.9 - 0.1 * (math.log10(config.learning_rate) + 2) ** 2


def search(searcher, trials, *, status="completed"):
    """Runs the searcher on a made-up landscape, one trial after the other."""
    records = []
    for index in range(trials):
        config = searcher.propose(index, records)
        records.append(record_of(index, config, [accuracy(config)], status=status))
    return records


@pytest.mark.parametrize("searcher", [optuna, partial(optuna, "frontier")])
def test_a_proposal_is_a_function_of_seed_index_and_trials(searcher):
    records = search(RandomSearcher(SPACE, seed=1, fits=lambda _: True), 12)
    assert searcher().propose(12, records) == searcher().propose(12, records)
    assert searcher().propose(3, records[:3]) == RandomSearcher(SPACE, seed=0, fits=lambda _: True).propose(3)


def test_optuna_finds_a_good_rate_where_random_draws_do_not_look_for_one():
    def distance(records):
        return np.mean([abs(math.log10(record.config["learning_rate"]) + 2) for record in records[10:]])

    learned = distance(search(optuna(), 40))
    drawn = distance(search(RandomSearcher(SPACE, seed=0, fits=lambda _: True), 40))
    assert learned < 0.6 * drawn


@pytest.mark.tensorflow
def test_the_oracle_goes_where_accuracy_rises():
    """KerasTuner's oracle takes seconds for a proposal, so it is asked twice only."""
    draws = search(RandomSearcher(SPACE, seed=1, fits=lambda _: True), 12)
    proposed = []
    for slope in (1, -1):
        records = []
        for record in draws:
            exponent = math.log10(record.config["learning_rate"])
            records.append(
                record_of(record.index, TrialConfig(**record.config), [0.5 + slope * 0.1 * (exponent + 2.5)])
            )
        proposed.append(bayesian().propose(12, records).learning_rate)
    assert proposed[0] > 10 * proposed[1]


@pytest.mark.parametrize("objective", ["metric", "frontier"])
def test_a_stopped_trial_counts_as_worse_than_a_completed_one(objective):
    """Stopped trials near a rate of 0.1 have higher accuracies than those that were completed near 0.001."""
    records = []
    for index in range(24):
        completed = index % 2 == 0
        rate = (0.001 if completed else 0.1) * (1 + index / 100)
        config = TrialConfig(learning_rate=min(rate, 0.1), units=16, cell="gru", dropout=0.1)
        curve = [0.6] * 8 if completed else [0.7]
        records.append(record_of(index, config, curve, status="completed" if completed else "stopped"))
    rates = [optuna(objective).propose(index, records).learning_rate for index in range(24, 64)]
    assert np.median(rates) < 0.01


def test_with_the_frontier_as_objective_small_networks_are_proposed_more_often():
    def sizes(objective):
        records = []
        for index in range(60):
            config = optuna(objective).propose(index, records)
            # Larger is a little better: accuracy alone goes to 64 units.
            curve = [0.8 + 0.01 * math.log2(config.units)]
            records.append(record_of(index, config, curve, parameters=config.units * 100))
        return np.mean([record.config["units"] for record in records[10:]])

    assert sizes("frontier") < 0.85 * sizes("metric")


@pytest.mark.parametrize("searcher", [optuna, partial(optuna, "frontier"), BAYESIAN])
def test_trials_of_every_kind_can_be_told(searcher):
    records = search(RandomSearcher(SPACE, seed=1, fits=lambda _: True), 12)
    config = TrialConfig(learning_rate=0.01, units=8, dropout=0.1)
    for number, (status, curve, paused) in enumerate(
        [
            ("failed", [], False),
            ("diverged", [None], False),
            ("stopped", [0.5], False),
            ("running", [0.5], False),
            ("pending", [], False),
            ("pending", [0.6], True),
        ]
    ):
        records.append(record_of(12 + number, config, curve, status=status, paused=paused))
    assert set(SPACE.parameters) <= set(searcher().propose(18, records).model_dump())


@pytest.mark.parametrize("searcher", [optuna, BAYESIAN])
def test_what_does_not_fit_the_budget_is_not_proposed(searcher):
    records = search(RandomSearcher(SPACE, seed=1, fits=lambda _: True), 12)
    assert searcher(fits=lambda config: config.units < 32).propose(12, records).units < 32


def test_a_budget_that_nothing_fits_is_one_line():
    records = search(RandomSearcher(SPACE, seed=1, fits=lambda _: True), 12)
    with pytest.raises(InputError, match="max_params: none of 200 configurations that Optuna proposed for the space s"):
        optuna(fits=lambda _: False).propose(12, records)


def test_given_points_come_first_and_are_told():
    points = [TrialConfig(units=64), TrialConfig(units=32)]
    searcher = PointsFirst(points, RandomSearcher(named_space("frontier"), seed=0, fits=lambda _: True))
    assert [searcher.propose(index, ()) for index in (0, 1)] == points
    assert searcher.propose(2, ()) == RECOMMENDED  # the recommended network: trial 0 of the searcher behind
