"""Signals that come where nothing can be raised."""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest

from support.fakes import fake_report, run_folder, run_settings
from tuner.runs.store import RunStore
from tuner.search.interruption import Interrupted, Interruption
from tuner.search.launch import resume_search
from tuner.search.ray_tune.capacity import Capacity
from tuner.search.schedulers.scheduler import Decision
from tuner.training.report import TrialReport


class Interrupting:
    """Sends this process a signal while it is collected, where Python prints what is raised and goes on."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):  # the handler runs between two instructions
            pass


@pytest.mark.parametrize("deferring", [False, True])
def test_a_signal_that_comes_where_nothing_can_be_raised_is_not_lost(capfd, deferring):
    before = signal.getsignal(signal.SIGINT), sys.unraisablehook
    with Interruption() as interruption:
        if deferring:
            interruption.defer()
        thing = Interrupting()
        del thing
        with pytest.raises(Interrupted):
            interruption.check()
    assert capfd.readouterr().err == ""
    assert (signal.getsignal(signal.SIGINT), sys.unraisablehook) == before


def test_what_others_cannot_raise_is_printed_as_ever(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: seen.append(unraisable.exc_type))

    class Broken:
        def __del__(self):
            raise ZeroDivisionError

    with Interruption():
        thing = Broken()
        del thing
    assert seen == [ZeroDivisionError]


def made_up_engine(controller, settings, data, cluster, *, on_step):
    """Trains one trial after the other, as Ray Tune would with one worker."""
    while (assignment := controller.next_trial()) is not None:
        controller.on_start(assignment.trial)
        epoch, decision = int(assignment.state or b"0"), Decision.CONTINUE
        while decision is Decision.CONTINUE:
            epoch += 1
            state = str(epoch).encode()
            report = TrialReport(fake_report(*assignment.seed, epoch), last=state, best=state)
            decision = controller.on_report(assignment.trial, report)
            on_step()


def test_a_caller_in_python_keeps_the_signals_and_may_search_in_any_thread(tmp_path, monkeypatch):
    there = Capacity(cpus=4, gpus=0, is_local=True)
    monkeypatch.setattr("tuner.search.launch.connected", lambda *_, **__: nullcontext(there))
    monkeypatch.setattr("tuner.search.launch.run_on_ray", made_up_engine)
    monkeypatch.setattr(signal, "signal", lambda *_: pytest.fail("a signal was taken over"))
    folder = run_folder(tmp_path / "mine")

    def interrupt(search_state):
        if len(search_state.trials) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        resume_search(RunStore(folder), run_settings(), None, interrupt)
    store = RunStore(folder)
    assert store.search_state.end is None
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(resume_search, store, run_settings(), None, lambda _: None).result() == "finished"
    assert len(store.search_state.trials) == run_settings().trials
