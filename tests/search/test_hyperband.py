import pytest

from tuner.search.schedulers.hyperband import BracketPlan, Hyperband, brackets
from tuner.search.schedulers.scheduler import Continuation, Decision, Metrics


def report(scheduler, trial, epoch, accuracy):
    return scheduler.report(trial, epoch, Metrics(accuracy, 1000))


def test_brackets_of_the_paper():
    """Table 1 of Li et al. 2018: R = 81, eta = 3; n of 81, 34 (27 there, by another rounding), 15 (9), 8 (6) and 5."""
    plans = brackets(81, 3)
    assert [plan.rungs for plan in plans] == [(1, 3, 9, 27), (3, 9, 27), (9, 27), (27,), ()]
    assert [plan.trials for plan in plans] == [81, 34, 15, 8, 5]


def test_a_single_epoch_leaves_nothing_to_compare():
    assert brackets(1, 3) == (BracketPlan(1, ()),)


def test_a_bracket_worked_out_by_hand():
    scheduler = Hyperband(trials=100, max_epochs=9, reduction_factor=3)
    assert brackets(9, 3)[0] == BracketPlan(9, (1, 3))
    for number in range(9):
        scheduler.add(str(number))
    for number in range(8):
        assert report(scheduler, str(number), 1, number / 10) is Decision.PAUSE
        assert scheduler.next_continuation(new_trials_left=True) is None  # the ninth is still to come
    assert report(scheduler, "8", 1, 0.05) is Decision.PAUSE
    assert sorted(scheduler.drain_dropped()) == ["0", "1", "2", "3", "4", "8"]
    for trial in ("7", "6", "5"):
        assert scheduler.next_continuation(new_trials_left=True) == Continuation(trial)
        scheduler.continued(trial)
    for trial, accuracy in (("7", 0.1), ("6", 0.9), ("5", 0.75)):
        assert report(scheduler, trial, 2, 0.0) is Decision.CONTINUE
        report(scheduler, trial, 3, accuracy)
    assert sorted(scheduler.drain_dropped()) == ["5", "7"]  # 7 had 0.7 at epoch 1: the best so far counts
    assert scheduler.next_continuation(new_trials_left=True) == Continuation("6")


def test_nobody_waits_for_a_trial_that_broke():
    scheduler = Hyperband(trials=3, max_epochs=3, reduction_factor=3)
    for trial in "abc":
        scheduler.add(trial)
    report(scheduler, "a", 1, 0.5)
    report(scheduler, "b", 1, 0.6)
    scheduler.ended("c")
    assert scheduler.next_continuation(new_trials_left=False) == Continuation("b")
    assert scheduler.drain_dropped() == ["a"]


def test_the_last_bracket_takes_what_is_left():
    scheduler = Hyperband(trials=2, max_epochs=3, reduction_factor=3)
    for trial in "ab":
        scheduler.add(trial)
    report(scheduler, "a", 1, 0.5)
    report(scheduler, "b", 1, 0.4)
    assert scheduler.next_continuation(new_trials_left=False) == Continuation("a")


def test_a_reduction_factor_below_two_is_refused():
    with pytest.raises(ValueError, match="at least 2; received 1"):
        Hyperband(trials=3, max_epochs=3, reduction_factor=1)
