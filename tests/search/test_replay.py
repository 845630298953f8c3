"""The replay that compares schedulers: what it simulates is a whole search, to the last epoch."""

import pytest

from analysis import hypervolume
from benchmarks.record_curves import TABLE, VARIED
from benchmarks.replay import Shuffled, read_recording, results, simulate
from tuner.search.schedulers.halving import PromotionHalving, StoppingHalving
from tuner.search.schedulers.scheduler import RunToTheEnd
from tuner.search.schedulers.selection import most_accurate, nearest_the_frontier


@pytest.fixture(scope="module")
def recording():
    return read_recording(TABLE, varied=VARIED)


def test_the_recording_is_the_exhaustive_table(recording):
    """27 points times two cells times three rates; ``read_recording`` holds their parameters against the closed form."""
    assert len(recording.curves) == 27 * 2 * 3
    assert {len(curve.accuracies) for curve in recording.curves} == {5}


@pytest.mark.parametrize("workers", [1, 4])
def test_without_early_stopping_a_replay_is_the_exhaustive_search(recording, workers):
    search_state = simulate(recording, Shuffled(recording, 0), RunToTheEnd(), trials=162, workers=workers)
    assert hypervolume(results(search_state)) == pytest.approx(hypervolume(recording.best()))
    for record in search_state.trials.values():
        assert record.last_epoch == 5 or record.status == "diverged"


def test_more_workers_decide_earlier_and_a_replay_repeats(recording):
    def epochs(workers, variant=StoppingHalving):
        scheduler = variant((1, 3), 3, most_accurate)
        search_state = simulate(recording, Shuffled(recording, 1), scheduler, trials=100, workers=workers)
        assert all(record.ended for record in search_state.trials.values())
        return [record.last_epoch for record in search_state.trials.values()]

    assert epochs(1) == epochs(1)
    assert epochs(1) != epochs(50)
    assert sum(epochs(4, PromotionHalving)) < 500


def test_the_frontier_scheduler_keeps_98_percent_of_the_hypervolume_for_35_percent_of_the_epochs(recording):
    """The figures of 200 orders are in the benchmark; here are five of them."""
    whole, spent = hypervolume(recording.best()), 0
    for seed in range(5):
        scheduler = StoppingHalving((1, 2, 4), 3, nearest_the_frontier)
        search_state = simulate(recording, Shuffled(recording, seed), scheduler, trials=162, workers=4)
        assert hypervolume(results(search_state)) >= 0.98 * whole
        spent += sum(record.last_epoch for record in search_state.trials.values())
    assert spent <= 0.35 * 5 * 162 * 5
