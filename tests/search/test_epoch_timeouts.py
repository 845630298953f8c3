from types import SimpleNamespace

from tuner.search.ray_tune.workers import EpochTimeouts


def test_a_trial_is_overdue_once_and_every_sign_of_life_gives_it_the_whole_time_again():
    now = 0.0
    watch = EpochTimeouts(10, clock=lambda: now)
    a, b = SimpleNamespace(trial_id="a"), SimpleNamespace(trial_id="b")
    watch.start(a)
    watch.start(b)
    now = 9.0
    watch.start(b)
    assert watch.overdue() == []
    now = 11.0
    assert watch.overdue() == [a]
    assert watch.overdue() == []
    assert watch.clear(a)
    now = 20.0
    assert watch.overdue() == [b]


def test_a_trial_that_ended_in_time_is_never_overdue():
    now = 0.0
    watch = EpochTimeouts(10, clock=lambda: now)
    trial = SimpleNamespace(trial_id="a")
    watch.start(trial)
    assert not watch.clear(trial)
    now = 100.0
    assert watch.overdue() == []


def test_without_a_limit_nothing_hangs():
    now = 0.0
    watch = EpochTimeouts(None, clock=lambda: now)
    watch.start(SimpleNamespace(trial_id="a"))
    now = 1e9
    assert watch.overdue() == []
