"""The searcher that looks for the best expected gain of hypervolume for its time."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis import hypervolume
from search_spaces import Choice, Formula, Space, TrialConfig, named_space
from support.made_up_trials import record_of
from tuner.errors import InputError
from tuner.metrics import objective_of
from tuner.models.counting import training_flops
from tuner.search.plan import Plan
from tuner.search.searchers.frontier_search import (
    FrontierSearcher,
    RecordedCurves,
    forecast_seconds,
    hypervolume_gains,
    recorded_curves,
)
from tuner.search.searchers.random_search import RandomSearcher

PLAN = Plan(trials=40, epochs=4, vocabulary_size=50_000, classes=2, max_params=None)
SPACE = named_space("frontier")
NOTHING = RecordedCurves.of(pd.DataFrame([{"units": units, "after_0.5": 0.5, "after_1": 0.5} for units in (2, 48)]))
"""Recorded curves that tell nothing."""


def searcher(space=SPACE, *, seed=0, fits=lambda _: True, plan=PLAN, recorded=NOTHING):
    return FrontierSearcher(space, seed=seed, fits=fits, plan=plan, recorded=recorded)


def size_of(config):
    return PLAN.count(config).total


def accuracy(config):
    """Rises with the size up to 10,000 parameters, and falls away from a rate of 0.005."""
    return 0.5 + 0.1 * min(4.0, math.log10(size_of(config))) - 0.2 * abs(math.log10(config.learning_rate / 0.005))


def search(proposing, trials):
    records = []
    for index in range(trials):
        config = proposing.propose(index, records)
        curve = [accuracy(config) - 0.02, accuracy(config)]
        records.append(record_of(index, config, curve, parameters=size_of(config)))
    return records


def area(records):
    return hypervolume(
        pd.DataFrame(
            {"trial_id": record.trial, "parameters": record.parameters, "val_accuracy": record.value}
            for record in records
        )
    )


def test_gains_are_those_of_the_hypervolume():
    generator = np.random.default_rng(0)
    there = pd.DataFrame(
        {
            "trial_id": list("abcdef"),
            "parameters": [200, 900, 900, 5_000, 40_000, 90_000],
            "val_accuracy": generator.random(6),
        }
    )
    sizes, values = 10 ** generator.uniform(2, 6, size=20), generator.random((3, 20))
    gains = hypervolume_gains(sizes, values, list(zip(there["parameters"], there["val_accuracy"], strict=True)))
    for (forecast, point), gain in np.ndenumerate(gains):
        new = pd.DataFrame({"trial_id": ["n"], "parameters": [sizes[point]], "val_accuracy": [values[forecast, point]]})
        assert gain == pytest.approx(hypervolume(pd.concat([there, new])) - hypervolume(there), abs=1e-9)


def test_gains_beside_nothing_are_the_points_own_areas():
    gains = hypervolume_gains(np.array([1e3, 1e7, 1e8]), np.array([[0.5, 0.9, 0.9], [-1.0, 0.0, 0.9]]), [])
    assert gains.tolist() == [[pytest.approx(2.0), 0, 0], [0, 0, 0]]


def test_a_proposal_is_a_function_of_seed_index_and_trials():
    records = search(RandomSearcher(SPACE, seed=1, fits=lambda _: True), 12)
    assert searcher().propose(12, records) == searcher().propose(12, records)
    assert len({searcher(seed=seed).propose(12, records) for seed in range(5)}) > 1


@pytest.mark.slow
def test_it_finds_in_twenty_trials_what_random_draws_do_not_find_in_sixty():
    mine, drawn = (
        [area(search(one(seed), trials)) for seed in range(3)]
        for one, trials in (
            (lambda seed: searcher(seed=seed), 20),
            (lambda seed: RandomSearcher(SPACE, seed=seed, fits=lambda _: True), 60),
        )
    )
    assert np.mean(mine) > np.mean(drawn)


def test_recorded_curves_say_where_to_begin():
    """Where they say that rates near 0.02 are good, the first trial has such a rate; where they say 0.003, such."""
    rates = np.geomspace(0.003, 0.02, 12)
    for sign, expected in ((1, 0.02), (-1, 0.003)):
        told = [
            {"learning_rate": rate, "units": units, "after_1": 0.5 + sign * 0.2 * math.log(rate / 0.008)}
            for rate in rates
            for units in (2, 8, 32)
        ]
        first = [
            searcher(seed=seed, recorded=RecordedCurves.of(pd.DataFrame(told))).propose(0, ()) for seed in range(5)
        ]
        assert np.median([abs(math.log(config.learning_rate / expected)) for config in first]) < 0.7


def test_seconds_are_forecast_from_those_that_were_spent():
    """Trials took 3 s to begin and, an epoch, half a second for each loop and one for each million operations a token."""

    def took(config, epochs):
        network = PLAN.network(config)
        return 3 + epochs * (0.5 * network.loops + 1e-6 * training_flops(network))

    configs = [SPACE.sample(np.random.default_rng(seed)) for seed in range(12)]
    known = []
    for index, config in enumerate(configs[:8]):
        epochs = 1 + index % 4
        record = record_of(index, config, [0.8] * epochs)
        each = took(config, epochs) / epochs
        record.epochs = [epoch.model_copy(update={"seconds": each}) for epoch in record.epochs]
        known.append((record, config))
    expected = [took(config, PLAN.epochs) for config in configs[8:]]
    assert forecast_seconds(configs[8:], known, PLAN) == pytest.approx(expected, rel=1e-6)
    assert forecast_seconds(configs[8:], known[:3], PLAN).tolist() == [1, 1, 1, 1]


def test_trials_at_work_count_as_what_is_forecast_of_them():
    """What is being trained is not proposed again."""
    space = Space("s", {"units": Choice((2, 4, 8, 16)), "vocabulary": Choice((100, 1_000))})
    records = search(searcher(space), 3)
    at_work, proposed = [], set()
    for index in range(3, 8):
        config = searcher(space).propose(index, [*records, *at_work])
        proposed.add(config)
        at_work.append(record_of(index, config, [], status="running", parameters=size_of(config)))
    assert len(proposed) == 5
    assert not proposed & {TrialConfig(**record.config) for record in records}


def test_trials_of_every_kind_can_be_told():
    records = search(RandomSearcher(SPACE, seed=1, fits=lambda _: True), 6)
    config = SPACE.sample(np.random.default_rng(0))
    for number, (status, curve, paused) in enumerate(
        [("failed", [], False), ("failed", [0.9], False), ("diverged", [None], False), ("stopped", [0.5], False),
         ("running", [0.5], False), ("pending", [], False), ("pending", [0.6], True)]
    ):  # fmt: skip
        records.append(record_of(6 + number, config, curve, status=status, paused=paused))
    assert isinstance(searcher().propose(13, records), TrialConfig)


def test_a_metric_of_which_less_is_better():
    """The proposals go where the loss is low."""
    plan = Plan(40, 4, 50_000, 2, None, objective=objective_of("log_loss", "min"))
    rates = []
    for index in range(12):
        config = SPACE.sample(np.random.default_rng([5, index]))
        record = record_of(index, config, [0.5], parameters=size_of(config))
        loss = 0.3 + 0.5 * abs(math.log(config.learning_rate / 0.02))
        record.objective = plan.objective
        record.epochs = [epoch.model_copy(update={"metrics": {"log_loss": loss}}) for epoch in record.epochs]
        record.best = record.epochs[0]
        rates.append(record)
    found = [searcher(seed=seed, plan=plan).propose(12, rates).learning_rate for seed in range(7)]
    assert np.median(found) > 0.01


def test_only_what_fits_and_was_not_tried_is_proposed():
    assert size_of(searcher(fits=lambda config: size_of(config) < 400).propose(0, ())) < 400
    with pytest.raises(InputError, match="max_params: none of 2000 configurations"):
        searcher(fits=lambda _: False).propose(0, ())
    space = Space("two", {"units": Choice((4, 8))})
    records = search(searcher(space), 2)
    assert {record.config["units"] for record in records} == {4, 8}
    assert searcher(space).propose(2, records).units in (4, 8)  # both were tried: one of them again


def test_a_space_with_variables_is_searched_too():
    space = Space("s", {"scale": Choice((1, 2, 3))}, formulas={"units": Formula("4 * 2 ** scale")})
    assert {record.config["units"] for record in search(searcher(space), 3)} == {8, 16, 32}


def test_sizes_of_a_custom_model_are_not_known_before():
    space = Space("models:build", {"width": Choice((4, 8))}, own={"width": 4})
    with pytest.raises(InputError, match="searcher='frontier': counts parameters before a model is built"):
        searcher(space)


def test_the_package_brings_curves_of_the_recommended_space():
    recorded = recorded_curves()
    assert recorded.values.shape == (len(recorded.configs), len(recorded.shares))
    assert recorded.shares[-1] == 1
    assert 0 <= recorded.values.min() <= recorded.values.max() <= 1
    assert (np.diff(recorded.values) >= 0).all()  # the best so far
