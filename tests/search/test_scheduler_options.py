from dataclasses import fields

import pytest

from search_spaces.documents import space_document
from search_spaces.domains import Choice, Uniform
from search_spaces.space import Space
from support.fakes import run_settings
from tuner.errors import InputError
from tuner.runs.search_state import SearchState
from tuner.search.plan import as_compared, grid_points, preview
from tuner.search.registry import SCHEDULERS, SEARCHERS, scheduler_spec, searcher_spec
from tuner.search.schedulers.options import SchedulerOptions, in_reports, resolve
from tuner.search.schedulers.population import check_population
from tuner.search.schedulers.scheduler import Scheduler


def test_what_is_chosen_where_nothing_is_said():
    chosen = resolve(SchedulerOptions("asha"), epochs=8)
    assert (chosen.grace_period, chosen.reduction_factor, chosen.rungs, chosen.promotion) == (2, 3, (2, 6), False)
    chosen = resolve(SchedulerOptions("pbt"), epochs=9)
    assert (chosen.perturbation_interval, chosen.grace_period, chosen.rungs) == (3, None, ())
    assert resolve(SchedulerOptions("median"), epochs=16).grace_period == 4


def test_rungs_take_the_place_of_the_grace_period():
    chosen = resolve(SchedulerOptions("frontier", rungs=(1, 4), reduction_factor=4), epochs=5)
    assert (chosen.grace_period, chosen.reduction_factor, chosen.rungs) == (None, 4, (1, 4))


def test_with_several_reports_an_epoch_trials_are_compared_within_it():
    chosen = resolve(SchedulerOptions("asha"), epochs=4, reports_per_epoch=4)
    assert (chosen.grace_period, chosen.rungs) == (1, (1, 3))  # the square root of 16 reports, and three times that
    chosen = resolve(SchedulerOptions("asha"), epochs=1, reports_per_epoch=5)
    assert (chosen.grace_period, chosen.rungs) == (0.4, (0.4,))
    chosen = resolve(SchedulerOptions("asha", rungs=(0.25, 1.5)), epochs=4, reports_per_epoch=4)
    assert chosen.rungs == (0.25, 1.5)
    assert in_reports(chosen, 4).rungs == (1, 6)
    third = resolve(SchedulerOptions("median", grace_period=0.333), epochs=4, reports_per_epoch=3)
    assert third.grace_period == 1 / 3
    with pytest.raises(InputError, match=r"grace_period=0.3: trials report every 0.25 epochs; give multiples of that"):
        resolve(SchedulerOptions("asha", grace_period=0.3), epochs=4, reports_per_epoch=4)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_counts_reports_and_describes_epochs(name):
    scheduler = resolve(SchedulerOptions(name), epochs=4, reports_per_epoch=4)
    settings = run_settings().model_copy(update={"scheduler": scheduler, "epochs": 4, "reports_per_epoch": 4})
    spec, seen = scheduler_spec(name), as_compared(settings)
    assert isinstance(spec.build(seen, SearchState()), Scheduler)
    assert 1 <= spec.expected_epochs(seen) <= 16
    assert "16" not in spec.describe(seen)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (SchedulerOptions("none", grace_period=2), "grace_period=2: `scheduler='none'` has no options"),
        (SchedulerOptions("median", reduction_factor=3), "reduction_factor=3: `scheduler='median'` has `grace_period`"),
        (
            SchedulerOptions("hyperband", promotion=True),
            "promotion=True: `scheduler='hyperband'` has `reduction_factor`",
        ),
        (SchedulerOptions("pbt", rungs=(1, 2)), r"rungs=\(1, 2\): `scheduler='pbt'` has `perturbation_interval`"),
        (SchedulerOptions("asha", perturbation_interval=2), "perturbation_interval=2: `scheduler='asha'` has"),
        (SchedulerOptions("asha", reduction_factor=1), "reduction_factor=1: .*at least 2"),
        (
            SchedulerOptions("frontier", grace_period=9),
            r"grace_period=9: must be more than 0 and at most `epochs` \(8\)",
        ),
        (SchedulerOptions("frontier", grace_period=0), "grace_period=0"),
        (
            SchedulerOptions("asha", rungs=(3, 2)),
            r"rungs=\(3, 2\): must be ascending epochs, more than 0 and less than `epochs=8`",
        ),
        (SchedulerOptions("asha", rungs=(2, 8)), r"rungs=\(2, 8\)"),
        (SchedulerOptions("asha", rungs=(2,), grace_period=2), "grace_period=2: `rungs` says already"),
        (SchedulerOptions("pbt", perturbation_interval=9), "perturbation_interval=9"),
        (
            SchedulerOptions("asha", grace_period=0.5),
            "grace_period=0.5: trials report after every epoch; give multiples",
        ),
        (SchedulerOptions("asha", rungs=(0.5, 2)), "rungs=0.5: trials report after every epoch"),
    ],
)
def test_options_that_do_not_apply_or_are_out_of_range(options, message):
    with pytest.raises(InputError, match=message) as error:
        resolve(options, epochs=8)
    assert "\n" not in str(error.value)


def test_a_population_needs_one_network_and_something_to_perturb():
    check_population(Space("s", {"dropout": Uniform(0, 0.5), "units": Choice((8,))}), 4)
    with pytest.raises(
        InputError, match="varies units; fix them with `settings`, for instance `settings='units=VALUE'`"
    ):
        check_population(Space("s", {"dropout": Uniform(0, 0.5), "units": Choice((8, 16))}), 8)
    with pytest.raises(InputError, match="varies none of learning_rate, dropout, l2"):
        check_population(Space("s", {"units": Choice((8,))}), 8)
    with pytest.raises(InputError, match="trials=3"):
        check_population(Space("s", {"dropout": Uniform(0, 0.5)}), 3)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_describes_itself(name):
    spec = scheduler_spec(name)
    settings = run_settings().model_copy(update={"scheduler": resolve(SchedulerOptions(name), epochs=8)})
    assert isinstance(spec.build(settings, SearchState()), Scheduler)
    assert 1 <= spec.expected_epochs(settings) <= settings.epochs
    assert spec.describe(settings)
    assert spec.options < {field.name for field in fields(SchedulerOptions)}


@pytest.mark.parametrize("name", SEARCHERS)
def test_every_searcher_is_built_from_settings(name):
    space = Space("s", {"dropout": Choice((0.0, 0.1))})
    settings = run_settings().model_copy(update={"searcher": name, "trials": 2, "space": space_document(space)})
    assert len(preview(settings)) == 2
    assert grid_points(settings) == (2 if searcher_spec(name).is_finite else None)


def test_a_scheduler_that_is_not_known():
    with pytest.raises(InputError, match="scheduler='sha': is not known; use one of forecast, asha, frontier"):
        scheduler_spec("sha")
