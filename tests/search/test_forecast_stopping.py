import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.search.schedulers.forecast import ForecastStopping
from tuner.search.schedulers.scheduler import Decision, Metrics

GO_ON, STOP = Decision.CONTINUE, Decision.STOP


def run(scheduler, trial, parameters, scores):
    return [scheduler.report(trial, epoch, Metrics(score, parameters)) for epoch, score in enumerate(scores, start=1)]


def test_forecasts_worked_out_by_hand():
    scheduler = ForecastStopping(grace_period=2, epochs=8)
    assert run(scheduler, "best", 1_000, [0.5, 0.8]) == [GO_ON] * 2
    # The ceiling is 0.8 + 5 % of (0.8 - 0.4) = 0.82. After 4 of 8 epochs half of the distance is left to hope for: 0.61.
    assert run(scheduler, "far below", 1_000, [0.3, 0.4]) == [GO_ON, STOP]  # 0.4 + 0.75 * 0.42 = 0.715
    assert run(scheduler, "just below", 1_000, [0.7, 0.77, 0.77, 0.77]) == [GO_ON] * 3 + [STOP]  # 0.8013, then 0.795


def test_early_and_on_noisy_data_the_constant_answer_gives_the_scale():
    for gap, decision in ((None, STOP), (0.4, GO_ON)):  # 0.6 is the constant answer: of the 0.4 above it 5 % are 0.02
        scheduler = ForecastStopping(grace_period=1, epochs=2, baseline_gap=gap)
        run(scheduler, "small", 100, [0.605])
        assert run(scheduler, "large", 200, [0.6]) == [decision]  # 0.6 + 0.5 * (0.60525 - 0.6), or with 0.625


def test_only_trials_of_no_more_parameters_are_a_reason_to_stop():
    scheduler = ForecastStopping(grace_period=1, epochs=8)
    run(scheduler, "large", 1_000_000, [0.9])
    assert run(scheduler, "small", 100, [0.5] * 7) == [GO_ON] * 7
    # The ceiling is 0.935: 0.2 + 0.5 * 0.735 = 0.5675 after 4 epochs, 0.4756 after 5; the smaller one has 0.5.
    assert run(scheduler, "a little larger", 101, [0.2] * 5) == [GO_ON] * 4 + [STOP]
    assert run(scheduler, "the largest", 2_000_000, [0.6]) == [STOP]  # 0.6 + 0.875 * 0.335 = 0.893


def test_what_has_learnt_nothing_yet_is_not_stopped_by_its_like():
    scheduler = ForecastStopping(grace_period=1, epochs=8)
    for trial, parameters in (("a", 100), ("b", 200), ("c", 200)):
        assert run(scheduler, trial, parameters, [0.5] * 3) == [GO_ON] * 3


def test_one_bad_epoch_costs_nothing():
    scheduler = ForecastStopping(grace_period=1, epochs=8)
    run(scheduler, "small", 100, [0.8])
    run(scheduler, "hopeless", 200, [0.1])
    assert run(scheduler, "large", 300, [0.9, 0.1]) == [GO_ON] * 2


@given(st.floats(-5, 5), st.floats(0.1, 100))
def test_decisions_do_not_depend_on_the_scale_of_the_metric(shift, scale):
    curves = {
        "a": (100, [0.1, 0.6, 0.7]),
        "b": (200, [0.2, 0.3, 0.5]),
        "c": (50, [0.4, 0.5, 0.6]),
        "d": (300, [0.3, 0.65]),
    }

    def decisions(of):
        scheduler = ForecastStopping(grace_period=1, epochs=5)
        return [run(scheduler, trial, size, map(of, curve)) for trial, (size, curve) in curves.items()]

    assert decisions(lambda score: scale * score + shift) == decisions(lambda score: score)


def test_a_grace_period_below_one_is_refused():
    with pytest.raises(ValueError, match="received 0"):
        ForecastStopping(grace_period=0, epochs=8)
