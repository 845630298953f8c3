import numpy as np
import pytest

from search_spaces.config import TrialConfig
from search_spaces.domains import Choice, LogUniform, Uniform
from search_spaces.space import Space
from tuner.search.schedulers.population import PopulationBasedTraining, perturbable, perturbed
from tuner.search.schedulers.scheduler import Decision, Metrics

TRIALS = [f"{number:05d}" for number in range(8)]


def population(interval=2, trials=TRIALS):
    scheduler = PopulationBasedTraining(
        interval=interval, seed=0, perturb=lambda source, generator: {"learning_rate": source}
    )
    for trial in trials:
        scheduler.add(trial)
    return scheduler


def train(scheduler, trials, epoch, accuracy=lambda trial: int(trial) / 10):
    return [scheduler.report(trial, epoch, Metrics(accuracy(trial), 10)) for trial in trials]


def drain(scheduler):
    calls = []
    while (call := scheduler.next_continuation(new_trials_left=False)) is not None:
        scheduler.continued(call.trial)
        calls.append(call)
    return calls


def test_between_exchanges_trials_go_on():
    scheduler = population()
    assert train(scheduler, TRIALS, 1) == [Decision.CONTINUE] * 8
    assert train(scheduler, TRIALS, 2) == [Decision.PAUSE] * 8


def test_nobody_goes_on_while_the_population_grows():
    scheduler = population()
    train(scheduler, TRIALS[:4], 2)
    assert scheduler.next_continuation(new_trials_left=True) is None


def test_the_worst_quarter_takes_over_from_the_best_and_goes_first():
    scheduler = population()
    train(scheduler, TRIALS, 2)
    calls = drain(scheduler)
    assert {call.trial for call in calls} == set(TRIALS)
    exchanged = {call.trial: call for call in calls if call.source}
    assert set(exchanged) == {"00000", "00001"} == {call.trial for call in calls[:2]}
    for call in exchanged.values():
        assert call.source in ("00006", "00007")
        assert call.changes == {"learning_rate": call.source}


def test_who_comes_late_goes_on_as_it_is():
    scheduler = population()
    train(scheduler, TRIALS[:7], 2)
    assert {call.trial for call in drain(scheduler)} == set(TRIALS[:7])
    train(scheduler, TRIALS[7:], 2, accuracy=lambda _: 0.0)
    assert [(call.trial, call.source) for call in drain(scheduler)] == [("00007", None)]
    train(scheduler, TRIALS, 4)  # and takes part again in the next generation
    assert sum(call.source is not None for call in drain(scheduler)) == 2


def test_a_generation_waits_for_three_quarters_however_many_places_there_are():
    scheduler = population()
    train(scheduler, TRIALS[:5], 2)
    assert drain(scheduler) == []
    train(scheduler, TRIALS[5:6], 2)
    assert len(drain(scheduler)) == 6
    scheduler = population()
    for trial in TRIALS[4:]:
        scheduler.ended(trial)
    train(scheduler, TRIALS[:3], 2)
    assert len(drain(scheduler)) == 3  # of the four that are left


def test_three_are_enough_for_an_exchange():
    scheduler = population(trials=TRIALS[:4])
    train(scheduler, TRIALS[:3], 2)
    assert [(call.trial, call.source) for call in drain(scheduler) if call.source] == [("00000", "00002")]


def test_a_broken_trial_leaves_the_population():
    scheduler = population()
    train(scheduler, TRIALS, 2)
    scheduler.ended("00007")
    calls = drain(scheduler)
    assert "00007" not in {call.trial for call in calls} | {call.source for call in calls}


def test_the_same_seed_gives_the_same_exchanges():
    calls = []
    for _ in range(2):
        scheduler = population()
        train(scheduler, TRIALS, 2)
        calls.append(drain(scheduler))
    assert calls[0] == calls[1]


def test_perturbation_stays_within_the_space():
    space = Space(
        "s", {"learning_rate": LogUniform(0.001, 0.01), "dropout": Choice((0.0, 0.2, 0.5)), "units": Choice((8, 16))}
    )
    assert perturbable(space) == ("learning_rate", "dropout")
    config = TrialConfig(learning_rate=0.009, dropout=0.5).model_dump()
    seen = [perturbed(space, config, np.random.default_rng(seed)) for seed in range(300)]
    rates = {change["learning_rate"] for change in seen}
    assert {0.009 * 0.8, 0.01} <= rates  # times 0.8, and times 1.2 cut at the bound
    assert len(rates) > 20  # and draws
    assert all(0.001 <= rate <= 0.01 for rate in rates)
    assert {change["dropout"] for change in seen} == {0.0, 0.2, 0.5}
    assert all(set(change) == {"learning_rate", "dropout"} for change in seen)


def test_what_the_space_fixes_is_not_perturbed():
    assert perturbable(Space("s", {"dropout": Uniform(0.0, 0.5), "learning_rate": Choice((0.01,))})) == ("dropout",)


def test_an_interval_below_one_is_refused():
    with pytest.raises(ValueError, match="received 0"):
        population(interval=0)
