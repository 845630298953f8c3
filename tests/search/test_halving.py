import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.search.schedulers.halving import PromotionHalving, StoppingHalving, default_grace_period, rung_epochs
from tuner.search.schedulers.scheduler import Continuation, Decision, Metrics
from tuner.search.schedulers.selection import most_accurate


def report(scheduler, trial, epoch, accuracy):
    return scheduler.report(trial, epoch, Metrics(accuracy, 1000))


def asha(rungs=(1, 3), factor=3, variant=StoppingHalving):
    return variant(rungs, factor, most_accurate)


def test_rungs_are_powers_of_the_reduction_factor_below_the_last_epoch():
    assert rung_epochs(1, 3, 27) == (1, 3, 9)
    assert rung_epochs(2, 3, 8) == (2, 6)
    assert rung_epochs(5, 2, 5) == ()


@pytest.mark.parametrize(("epochs", "grace"), [(1, 1), (3, 1), (5, 2), (8, 2), (27, 5), (100, 10)])
def test_the_default_grace_period_is_the_square_root(epochs, grace):
    assert default_grace_period(epochs) == grace


def test_decisions_worked_out_by_hand():
    scheduler = asha()
    # n=1 keeps 1; n=2 keeps 1: the worse one goes; n=3 keeps 1; n=4 keeps 2, and 0.6 is second.
    assert report(scheduler, "a", 1, 0.5) is Decision.CONTINUE
    assert report(scheduler, "b", 1, 0.4) is Decision.STOP
    assert report(scheduler, "c", 1, 0.7) is Decision.CONTINUE
    assert report(scheduler, "d", 1, 0.6) is Decision.CONTINUE
    assert report(scheduler, "e", 1, 0.55) is Decision.STOP
    assert report(scheduler, "a", 2, 0.1) is Decision.CONTINUE  # between rungs everybody goes on


def test_a_bad_epoch_at_a_rung_is_forgiven():
    scheduler = asha(rungs=(2, 6))
    report(scheduler, "steady", 1, 0.6)
    report(scheduler, "steady", 2, 0.7)
    report(scheduler, "dips", 1, 0.8)
    assert report(scheduler, "dips", 2, 0.5) is Decision.CONTINUE


def test_reporting_a_rung_twice_counts_once():
    scheduler = asha()
    for _ in range(3):
        report(scheduler, "a", 1, 0.5)
    assert scheduler.rungs[0].points == {"a": Metrics(0.5, 1000)}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(2, 5))
def test_a_trial_goes_on_exactly_if_few_enough_are_better(accuracies, factor):
    scheduler = asha(factor=factor)
    seen = []
    for number, accuracy in enumerate(accuracies):
        seen.append(accuracy)
        better = sum(other > accuracy for other in seen)
        expected = better < math.ceil(len(seen) / factor)
        assert (report(scheduler, str(number), 1, accuracy) is Decision.CONTINUE) == expected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_a_best_so_far_is_never_stopped(accuracies):
    scheduler = asha()
    best = -1.0
    for number, accuracy in enumerate(accuracies):
        decision = report(scheduler, str(number), 1, accuracy)
        if accuracy >= best:
            assert decision is Decision.CONTINUE
        best = max(best, accuracy)


@pytest.mark.parametrize("variant", [StoppingHalving, PromotionHalving])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factor": 1}, "reduction factor must be at least 2; received 1"),
        ({"rungs": (3, 1)}, "ascending epochs from 1; received 3, 1"),
        ({"rungs": (0, 1)}, "received 0, 1"),
    ],
)
def test_settings_out_of_range_are_refused(variant, arguments, message):
    with pytest.raises(ValueError, match=message):
        asha(variant=variant, **arguments)


def test_promotions_worked_out_by_hand():
    scheduler = asha(variant=PromotionHalving)

    def called_back():
        return scheduler.next_continuation(new_trials_left=True)

    for trial, accuracy in (("a", 0.5), ("b", 0.7)):
        assert report(scheduler, trial, 1, accuracy) is Decision.PAUSE
    assert called_back() is None  # two trials, one in three: nobody yet
    report(scheduler, "c", 1, 0.6)
    assert called_back() == Continuation("b") == called_back()  # asking changes nothing
    scheduler.continued("b")
    assert called_back() is None
    for trial, accuracy in (("d", 0.8), ("e", 0.4), ("f", 0.3)):
        report(scheduler, trial, 1, accuracy)
    assert called_back() == Continuation("d")  # the best two of six, and b has gone on already
    scheduler.continued("d")
    for trial, accuracy in (("b", 0.75), ("d", 0.85)):
        assert report(scheduler, trial, 3, accuracy) is Decision.PAUSE
    for number in range(3):
        report(scheduler, f"g{number}", 1, 0.9)
    assert called_back() == Continuation("g0")  # three of nine
    scheduler.continued("g0")
    report(scheduler, "g0", 3, 0.95)
    assert called_back() == Continuation("g0")  # the higher rung first: one of the three there
    scheduler.continued("g0")
    assert called_back() == Continuation("g1")


def test_an_ended_trial_is_not_promoted():
    scheduler = asha(variant=PromotionHalving)
    for trial, accuracy in (("a", 0.5), ("b", 0.7), ("c", 0.6)):
        report(scheduler, trial, 1, accuracy)
    scheduler.ended("b")
    assert scheduler.next_continuation(new_trials_left=False) is None
