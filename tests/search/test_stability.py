"""A search that ends when going on is expected to add too little."""

import math
from dataclasses import replace

import pytest

from search_spaces import named_space
from support.fakes import PLAN, Clock, asha, drive, run_folder, run_settings
from support.in_memory_store import InMemoryStore
from support.made_up_trials import record_of
from tuner.cli.main import run
from tuner.errors import InputError
from tuner.runs.events import SearchExtended
from tuner.runs.journal import read_stable
from tuner.runs.store import RunStore
from tuner.search.controller import SearchController
from tuner.search.extension import extended
from tuner.search.searchers.random_search import RandomSearcher
from tuner.search.searchers.searcher import PointsFirst, Repeated
from tuner.search.stability import BOUND, LAST, is_stable, observed_gain

STABLE = replace(PLAN, stop_when_stable=True)
SPACE = named_space("frontier")
LOW, HIGH = BOUND / 2, BOUND * 2


class Forecasting(RandomSearcher):
    """Random search that says what it expects to gain: little from the fourth of its trials on, but for the sixth."""

    def propose_with_gain(self, index, trials):
        return self.propose(index), LOW / 100 if index > 2 and index != 5 else HIGH


def controller_of(store, plan=STABLE, *, searcher=None):
    searcher = searcher or Forecasting(SPACE, seed=0, fits=plan.fits)
    return SearchController(plan, searcher, asha(), store, clock=Clock())


def test_three_low_gains_in_a_row_are_few_enough():
    assert not is_stable([LOW, LOW])
    assert not is_stable([LOW, LOW, HIGH, LOW, LOW])
    assert is_stable([HIGH, LOW, LOW, LOW])


def test_a_search_ends_when_it_is_stable_and_says_what_that_saves():
    store = InMemoryStore()
    assert drive(controller_of(store), store)
    state = store.search_state
    assert len(state.trials) == 8  # low are 3 and 4, then 6, 7 and 8, which is not trained any more
    assert state.stable.left == 4
    assert state.stable.gain == pytest.approx(4 * LOW / 100)  # of the four that are left
    assert state.stable.bound == BOUND
    assert state.gains == pytest.approx([12 * HIGH, 11 * HIGH, 10 * HIGH, 9 * LOW / 100, 8 * LOW / 100, 7 * HIGH, 6 * LOW / 100,
                                         5 * LOW / 100])  # fmt: skip
    spent = [record.seconds for record in state.trials.values()]
    assert state.stable.seconds == pytest.approx(4 * sum(spent) / 8)
    assert (state.over, state.planned) == (8, 8)
    assert all(record.ended for record in state.trials.values())


def test_without_the_option_nothing_is_asked_and_all_trials_run():
    store = InMemoryStore()
    assert drive(controller_of(store, PLAN), store)
    assert len(store.search_state.trials) == PLAN.trials
    assert store.search_state.gains == []


@pytest.mark.parametrize("reports", [3, 20, 31, 40])
def test_a_search_that_is_killed_ends_as_one_that_ran_through(tmp_path, reports):
    whole = RunStore(run_folder(tmp_path / "whole"))
    drive(controller_of(whole), whole)
    store = RunStore(run_folder(tmp_path / "killed"))
    if not drive(controller_of(store), store, reports=reports):
        store.close()
        store = RunStore(run_folder(tmp_path / "killed"))
        assert drive(controller_of(store), store)
    assert store.search_state.stable.left == whole.search_state.stable.left
    assert [record.config for record in store.search_state.trials.values()] == [
        record.config for record in whole.search_state.trials.values()
    ]
    for one in (store, whole):
        one.close()


def test_what_is_stable_stays_so_until_it_is_extended(tmp_path):
    folder = run_folder(tmp_path / "run")
    store = RunStore(folder)
    drive(controller_of(store), store)
    store.close()
    assert read_stable(folder.journal).left == 4

    store = RunStore(folder)
    assert drive(controller_of(store), store)
    assert len(store.search_state.trials) == 8
    store.record(SearchExtended(time=1e9, trials=20))
    assert read_stable(folder.journal) is None
    assert drive(controller_of(store, replace(STABLE, trials=20)), store)
    assert len(store.search_state.trials) == 10  # it takes three low gains again, the third of which is not trained
    assert read_stable(folder.journal).left == 10
    store.close()


def test_one_that_is_stable_can_have_fewer_trials_than_it_began_with():
    store = InMemoryStore()
    drive(controller_of(store), store)
    settings = run_settings().model_copy(update={"trials": 40})
    assert extended(settings, 9, store.search_state).trials == 9
    with pytest.raises(InputError, match="trials=8: run has 8 already"):
        extended(settings, 8, store.search_state)


def test_folds_of_what_was_proposed_are_trained():
    store = InMemoryStore()
    plan = replace(STABLE, trials=36, folds=3)
    assert drive(controller_of(store, plan), store)
    state = store.search_state
    assert len(state.configurations) == 8
    assert state.stable.left == 12
    assert state.over == state.planned == 24
    assert {record.fold for record in state.trials.values()} == {1, 2, 3}


def test_given_points_and_repeats_pass_a_forecast_on():
    inner = Forecasting(SPACE, seed=0, fits=PLAN.fits)
    first = PointsFirst([inner.propose(50)], inner)
    assert first.propose_with_gain(0, ()) == (inner.propose(50), None)
    assert first.propose_with_gain(4, ()) == (inner.propose(3), LOW / 100)
    assert Repeated(inner, 2, PLAN.family.config).propose_with_gain(6, ()) == (inner.propose(3), LOW / 100)
    blind = PointsFirst([], RandomSearcher(SPACE, seed=0, fits=PLAN.fits))
    assert blind.propose_with_gain(3, ()) == (inner.propose(3), None)


def test_where_nothing_is_forecast_the_last_that_ended_count():
    config = RandomSearcher(SPACE, seed=0, fits=PLAN.fits).propose(0)

    def records(values):
        return [record_of(index, config, [value], parameters=1000 + index) for index, value in enumerate(values)]

    flat = [0.8] * (2 * LAST)
    assert observed_gain(records(flat[1:])) is None
    assert observed_gain(records(flat)) == 0
    better = observed_gain(records([*flat[:-1], 0.9]))
    # 0.8 from 1,000 parameters to ten millions, and 0.1 more from 1,023 on, over the last twelve.
    more = 0.1 * (7 - math.log10(1023))
    assert better == pytest.approx(more / (0.8 * 4 + more) / LAST)
    assert observed_gain(records([None, *flat])) == 0


def test_schedulers_that_need_all_their_trials_refuse_it(capsys):
    assert run(["search", "--stop-when-stable", "--scheduler", "hyperband"]) == 2
    assert "--stop-when-stable: --scheduler hyperband lays a search out" in capsys.readouterr().err


def test_the_help_says_the_bound_that_is_used(capsys):
    assert run(["search", "--help"]) == 0
    assert f"less than {BOUND:.1%}" in " ".join(capsys.readouterr().out.split()).replace(" %", "%")
