"""Signals that come where nothing can be raised."""

import os
import signal
import sys

import pytest

from tuner.search.interruption import Interrupted, Interruption


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
