"""What a search tries before its searcher is asked: the portfolio, behind an earlier run's frontier."""

from pathlib import Path

import pytest

from search_spaces import Choice, Space, TrialConfig, named_space
from search_spaces.portfolio import portfolio_in
from support.made_up_runs import made_up_run
from tuner.data.pipeline import BUILT_IN, DataRequest
from tuner.models.counting import count_parameters
from tuner.runs.search_state import SearchState
from tuner.search.plan import build_searcher, plan_of
from tuner.search.prepare import prepare_search
from tuner.search.request import SearchRequest
from tuner.search.schedulers.options import SchedulerOptions


@pytest.fixture
def prepared(tmp_path):
    """Settings of a search on the generated corpus."""

    def settings(**changes):
        asked = {
            "data": DataRequest(BUILT_IN, Path("data"), 0, False, 2, 1000, 40),
            "space": named_space("frontier"), "trials": None, "epochs": 2, "searcher": "frontier", "objective": None,
            "warm_start": None, "scheduler": SchedulerOptions("asha"), "patience": None, "seed": 0, "max_params": None,
            "time_budget": None, "cpus_per_trial": 1.0, "gpus_per_trial": None, "concurrency": None, "address": None,
            "name": "mine", "runs_dir": tmp_path / "runs", "portfolio": True, **changes,
        }  # fmt: skip
        return prepare_search(SearchRequest(**asked)).settings

    return settings


def proposed(settings, count):
    searcher = build_searcher(settings)
    return [searcher.propose(index, SearchState().trials.values()) for index in range(count)]


def test_a_search_begins_with_the_portfolio(prepared):
    settings = prepared()
    assert settings.trials == settings.portfolio == len(settings.points_to_evaluate) == 12
    whole = portfolio_in(named_space("frontier"), seed=0)
    networks = {}
    for config in whole:  # the corpus has fewer words than some of them ask for, so they may be one network
        networks.setdefault(plan_of(settings).network(config), config)
    assert proposed(settings, 12) == list(networks.values())[:12]


def test_a_search_that_is_extended_goes_on_as_a_longer_one(prepared):
    short, longer = prepared(trials=2), prepared(trials=5)
    assert short.points_to_evaluate == longer.points_to_evaluate
    assert proposed(short, 14) == proposed(longer, 14)


def test_only_what_fits_the_budget_is_tried(prepared):
    settings = prepared(max_params=1_000)
    plan = plan_of(settings)
    assert 0 < settings.portfolio < 12
    assert all(
        count_parameters(plan.network(TrialConfig(**point))).total <= 1_000 for point in settings.points_to_evaluate
    )


def test_there_is_none_where_it_is_not_wanted_or_all_points_are_tried_anyway(prepared):
    assert prepared(portfolio=False).points_to_evaluate == ()
    grid = Space("grid", {"units": Choice((4, 8)), "cell": Choice(("gru",))})
    assert prepared(space=grid, searcher="grid").points_to_evaluate == ()


def test_an_earlier_run_comes_before_it(prepared, tmp_path):
    made_up_run(tmp_path / "runs" / "earlier", trials=5, epochs=3)
    alone, settings = prepared(), prepared(warm_start="earlier")
    assert settings.portfolio == alone.portfolio == 12
    assert settings.points_to_evaluate[-12:] == alone.points_to_evaluate
    assert 0 < len(settings.points_to_evaluate) - 12 <= 6
    assert not set(map(str, settings.points_to_evaluate[:-12])) & set(map(str, alone.points_to_evaluate))
