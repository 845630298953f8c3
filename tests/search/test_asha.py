import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.search.schedulers.asha import Asha, default_grace_period, rung_epochs
from tuner.search.schedulers.scheduler import Decision, Metrics


def report(scheduler, trial, epoch, accuracy):
    return scheduler.report(trial, epoch, Metrics(accuracy, 1000))


def test_rungs_are_powers_of_the_reduction_factor_below_the_last_epoch():
    assert rung_epochs(1, 3, 27) == (1, 3, 9)
    assert rung_epochs(2, 3, 8) == (2, 6)
    assert rung_epochs(5, 2, 5) == ()


@pytest.mark.parametrize(("epochs", "grace"), [(1, 1), (3, 1), (5, 2), (8, 2), (27, 5), (100, 10)])
def test_the_default_grace_period_is_the_square_root(epochs, grace):
    assert default_grace_period(epochs) == grace


def test_decisions_worked_out_by_hand():
    scheduler = Asha(max_epochs=9, grace_period=1, reduction_factor=3)
    # n=1 keeps 1; n=2 keeps 1: the worse one goes; n=3 keeps 1; n=4 keeps 2, and 0.6 is second.
    assert report(scheduler, "a", 1, 0.5) is Decision.CONTINUE
    assert report(scheduler, "b", 1, 0.4) is Decision.STOP
    assert report(scheduler, "c", 1, 0.7) is Decision.CONTINUE
    assert report(scheduler, "d", 1, 0.6) is Decision.CONTINUE
    assert report(scheduler, "e", 1, 0.55) is Decision.STOP
    assert report(scheduler, "a", 2, 0.1) is Decision.CONTINUE  # between rungs everybody goes on


def test_a_bad_epoch_at_a_rung_is_forgiven():
    scheduler = Asha(max_epochs=9, grace_period=2)
    report(scheduler, "steady", 1, 0.6)
    report(scheduler, "steady", 2, 0.7)
    report(scheduler, "dips", 1, 0.8)
    assert report(scheduler, "dips", 2, 0.5) is Decision.CONTINUE


def test_reporting_a_rung_twice_counts_once():
    scheduler = Asha(max_epochs=9, grace_period=1)
    for _ in range(3):
        report(scheduler, "a", 1, 0.5)
    assert scheduler.rungs[0].accuracies == {"a": 0.5}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(2, 5))
def test_a_trial_goes_on_exactly_if_few_enough_are_better(accuracies, factor):
    scheduler = Asha(max_epochs=100, grace_period=1, reduction_factor=factor)
    seen = []
    for number, accuracy in enumerate(accuracies):
        seen.append(accuracy)
        better = sum(other > accuracy for other in seen)
        expected = better < math.ceil(len(seen) / factor)
        assert (report(scheduler, str(number), 1, accuracy) is Decision.CONTINUE) == expected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_a_best_so_far_is_never_stopped(accuracies):
    scheduler = Asha(max_epochs=100, grace_period=1)
    best = -1.0
    for number, accuracy in enumerate(accuracies):
        decision = report(scheduler, str(number), 1, accuracy)
        if accuracy >= best:
            assert decision is Decision.CONTINUE
        best = max(best, accuracy)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reduction_factor": 1}, "reduction factor must be at least 2; received 1"),
        ({"grace_period": 9}, r"between 1 and the epochs \(8\); received 9"),
        ({"grace_period": 0}, "received 0"),
    ],
)
def test_settings_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Asha(max_epochs=8, **arguments)
