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
from tuner.search.searchers.searcher import PointsFirst


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
    assert settings.trials == settings.portfolio - settings.by_turns == 12
    assert settings.portfolio == len(settings.points_to_evaluate)
    whole = portfolio_in(named_space("frontier"), seed=0)
    networks = {}
    for config in whole:  # the corpus has fewer words than some of them ask for, so they may be one network
        networks.setdefault(plan_of(settings).network(config), config)
    assert proposed(settings, 12) == list(networks.values())[:12]


def test_the_rest_of_the_portfolio_takes_turns_with_the_searcher(prepared):
    settings = prepared(trials=40, searcher="random")
    points = [TrialConfig(**point) for point in settings.points_to_evaluate]
    assert settings.by_turns == len(points) - 12 > 6
    found, turns = proposed(settings, 40), slice(12, 12 + 2 * settings.by_turns, 2)
    assert found[:12] + found[turns] == points
    drawn = [config for config in found if config not in points]
    assert len(drawn) == len(set(drawn)) == 40 - len(points)


def test_a_point_that_the_searcher_had_is_not_tried_again():
    class Counting:
        """Proposes as many units as it is asked for the trial's number."""

        def propose(self, index, trials):
            return TrialConfig(units=index + 1)

    class Record:
        def __init__(self, config):
            self.config = config.model_dump()

    turns = [TrialConfig(units=50), TrialConfig(units=2), TrialConfig(units=60)]
    searcher = PointsFirst([TrialConfig(units=40), *turns], Counting(), by_turns=3)
    records = []
    for index in range(9):
        records.append(Record(searcher.propose(index, records)))
    assert [record.config["units"] for record in records] == [40, 50, 2, 3, 4, 60, 6, 7, 8]


def test_a_search_that_is_extended_goes_on_as_a_longer_one(prepared):
    short, longer = prepared(trials=2), prepared(trials=5)
    assert short.points_to_evaluate == longer.points_to_evaluate
    assert proposed(short, 14) == proposed(longer, 14)


def test_only_what_fits_the_budget_is_tried(prepared):
    settings = prepared(max_params=1_000)
    plan = plan_of(settings)
    assert 0 < settings.portfolio < prepared().portfolio
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
    assert (settings.portfolio, settings.by_turns) == (alone.portfolio, alone.by_turns)
    earlier = len(settings.points_to_evaluate) - alone.portfolio
    assert settings.points_to_evaluate[earlier:] == alone.points_to_evaluate
    assert 0 < earlier <= 6
    assert not set(map(str, settings.points_to_evaluate[:earlier])) & set(map(str, alone.points_to_evaluate))
