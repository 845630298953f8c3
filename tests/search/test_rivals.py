"""Rivals beside the trials of a search: in journal and folder, without a change to the trials."""

import pytest

from analysis import load
from support.searches import assert_same_decisions, call, search, write_reviews
from tuner.rivals.linear_model import read_model
from tuner.rivals.names import RIVALS
from tuner.runs.events import RivalEnded
from tuner.runs.journal import read_journal
from tuner.runs.predictions import read_validation

pytestmark = pytest.mark.ray


def rivals_of(folder) -> list[RivalEnded]:
    return [event for event in read_journal(folder / "journal.jsonl") if isinstance(event, RivalEnded)]


def test_a_search_fits_rivals_once_and_its_trials_stay_what_they_are(tmp_path):
    data = write_reviews(tmp_path / "reviews.csv", 600)
    small = ["--trials", "2", "--epochs", "2"]
    with_rivals = call(tmp_path, *search(data, "with", *small, "--rivals"), quick=True)
    without = call(tmp_path, *search(data, "without", *small), quick=True)
    assert (with_rivals.returncode, without.returncode) == (0, 0), with_rivals.stderr + without.stderr
    assert_same_decisions(tmp_path / "with", tmp_path / "without")
    assert rivals_of(tmp_path / "without") == []

    ended = rivals_of(tmp_path / "with")
    assert [event.rival for event in ended] == list(RIVALS)
    for event in ended:
        assert event.error is None
        assert event.val_metrics["accuracy"] > 0.5
        folder = load(tmp_path / "with").folder
        assert read_model(folder.rival(event.rival)).parameters == event.parameters
        kept = read_validation(folder.validation(event.rival), ("negative", "positive"))
        assert kept.right.sum() / kept.support.sum() == pytest.approx(event.val_metrics["accuracy"])

    more = call(tmp_path, "resume", "with", "--trials", "3", quick=True)
    assert more.returncode == 0, more.stderr
    assert rivals_of(tmp_path / "with") == ended


def test_a_rival_that_fails_is_recorded_and_the_search_goes_on():
    import ray

    from tuner.search.ray_tune import rivals

    class Store:
        class search_state:  # noqa: N801
            rivals: dict[str, RivalEnded] = {}  # noqa: RUF012

        def __init__(self):
            self.events = []

        def record(self, event):
            self.events.append(event)

    def broken(*_, **__):
        raise MemoryError("no room")

    task = rivals.RivalsOfSearch.__new__(rivals.RivalsOfSearch)
    task._store, task._names = Store(), RIVALS
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        task._task = ray.remote(num_cpus=0)(broken).remote()
        while not task.are_done:
            task.take_in()
    finally:
        ray.shutdown()
    assert [(event.rival, event.error) for event in task._store.events] == [
        (name, "MemoryError: no room") for name in RIVALS
    ]
