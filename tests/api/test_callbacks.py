"""What callers hear of a search."""

import pytest

from support.fakes import controller_of, drive, run_folder
from tuner.api.callbacks import Callbacks
from tuner.runs.store import RunStore


class Listener:
    def __init__(self, fails=()):
        self.heard, self._fails = [], fails

    def on_epoch(self, epoch):
        self._hear("epoch", epoch.trial, epoch.epoch)

    def on_trial(self, trial):
        self._hear("trial", trial.trial, trial.epochs)

    def on_end(self, run):
        self._hear("end", run, None)

    def _hear(self, kind, *what):
        self.heard.append((kind, *what))
        if kind in self._fails:
            raise ValueError("mine")


@pytest.fixture
def state(tmp_path):
    """Of a whole search of made-up trials."""
    with_store = RunStore(run_folder(tmp_path / "run"))
    assert drive(controller_of(with_store), with_store)
    yield with_store.search_state
    with_store.close()


def test_every_epoch_and_every_trial_is_told_once(state):
    listener = Listener()
    callbacks = Callbacks([listener, object()])
    callbacks.show(state)
    callbacks.show(state)
    callbacks.end("the run")
    expected = sum(len(record.epochs) for record in state.trials.values())
    assert [what[0] for what in listener.heard].count("epoch") == expected
    told = [what[1:] for what in listener.heard if what[0] == "trial"]
    assert told == [(record.trial, len(record.epochs)) for record in state.trials.values()]
    assert listener.heard[-1] == ("end", "the run", None)


def test_what_had_happened_before_is_not_told_again(state):
    listener = Listener()
    Callbacks([listener], state).show(state)
    assert listener.heard == []


def test_an_error_is_told_once_and_the_others_hear_on(state):
    first, second = Listener(fails=("epoch",)), Listener()
    callbacks = Callbacks([first, second])
    with pytest.warns(
        RuntimeWarning, match=r"Listener.on_epoch raised ValueError: mine; it is not called again"
    ) as warned:
        callbacks.show(state)
    assert len(warned) == 1
    assert [what[0] for what in first.heard].count("epoch") == 1
    assert [what[0] for what in first.heard].count("trial") == len(state.trials)
    assert len(second.heard) > len(first.heard)
