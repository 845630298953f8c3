import pytest

from tuner.search.schedulers.median import MedianStopping
from tuner.search.schedulers.scheduler import Decision, Metrics


def run(scheduler, trial, accuracies):
    return [scheduler.report(trial, epoch, Metrics(a, 10)) for epoch, a in enumerate(accuracies, start=1)]


def test_decisions_worked_out_by_hand():
    scheduler = MedianStopping(grace_period=2)
    # Too few others: no trial is stopped. Means up to epoch 2: a 0.55, b 0.65, c 0.75; their median is 0.65.
    for trial, curve in (("a", [0.5, 0.6]), ("b", [0.6, 0.7]), ("c", [0.7, 0.8])):
        assert run(scheduler, trial, curve) == [Decision.CONTINUE] * 2
    assert run(scheduler, "below", [0.1, 0.64]) == [Decision.CONTINUE, Decision.STOP]
    assert run(scheduler, "best so far counts", [0.7, 0.1]) == [Decision.CONTINUE] * 2


def test_equal_to_the_median_goes_on():
    scheduler = MedianStopping(grace_period=1)
    for trial in "abcd":
        assert run(scheduler, trial, [0.5]) == [Decision.CONTINUE]


def test_trials_that_did_not_come_as_far_do_not_count():
    scheduler = MedianStopping(grace_period=1)
    for trial in "abc":
        run(scheduler, trial, [0.9])
    assert run(scheduler, "d", [0.95, 0.1])[1] is Decision.CONTINUE


def test_a_grace_period_below_one_is_refused():
    with pytest.raises(ValueError, match="received 0"):
        MedianStopping(grace_period=0)
