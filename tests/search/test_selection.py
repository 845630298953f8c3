import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.search.schedulers.halving import StoppingHalving
from tuner.search.schedulers.scheduler import Decision, Metrics
from tuner.search.schedulers.selection import epsilon_net, most_accurate, nearest_the_frontier, normalised

# Few distinct values, so that ties and twins are common.
POINTS = st.lists(
    st.builds(Metrics, st.sampled_from([0.5, 0.6, 0.7, 0.8, 0.9]), st.sampled_from([100, 300, 1000, 5000, 20000])),
    min_size=1,
    max_size=40,
)


def dominates(a, b):
    no_worse = a.score >= b.score and a.parameters <= b.parameters
    return no_worse and a != b


def named(points):
    return {f"{number:03d}": point for number, point in enumerate(points)}


@pytest.mark.parametrize("select", [most_accurate, nearest_the_frontier])
def test_no_places_no_trials(select):
    assert select({"a": Metrics(0.5, 10)}, 0) == []
    assert select({}, 3) == []


def test_the_most_accurate_share_a_place():
    points = named([Metrics(0.5, 10), Metrics(0.7, 99), Metrics(0.6, 10), Metrics(0.7, 10)])
    assert most_accurate(points, 1) == ["001", "003"]
    assert most_accurate(points, 3) == ["001", "003", "002"]


@given(POINTS, st.integers(1, 40))
def test_a_dominated_trial_is_never_kept_while_one_that_dominates_it_goes(points, places):
    points = named(points)
    kept = set(nearest_the_frontier(points, places))
    for trial in kept:
        assert all(other in kept for other in points if dominates(points[other], points[trial]))


@given(POINTS, st.integers(1, 40))
def test_a_trial_that_no_other_dominates_is_never_stopped_while_a_dominated_one_is_kept(points, places):
    points = named(points)
    kept = set(nearest_the_frontier(points, places))
    front = {trial for trial in points if not any(dominates(other, points[trial]) for other in points.values())}
    assert front <= kept or kept <= front


@given(POINTS, st.integers(1, 40))
def test_places_are_filled_and_twins_share_one(points, places):
    points = named(points)
    kept = nearest_the_frontier(points, places)
    assert len(set(kept)) == len(kept)
    chosen = {points[trial] for trial in kept}
    assert len(chosen) == min(places, len(set(points.values())))
    assert {trial for trial, point in points.items() if point in chosen} == set(kept)


@given(POINTS, st.integers(1, 40), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(points, places, random):
    points = named(points)
    shuffled = list(points.items())
    random.shuffle(shuffled)
    assert set(nearest_the_frontier(dict(shuffled), places)) == set(nearest_the_frontier(points, places))


@given(POINTS)
def test_the_most_accurate_trial_always_keeps_its_place(points):
    points = named(points)
    best = max(points.values(), key=lambda point: (point.score, -point.parameters))
    assert points[nearest_the_frontier(points, 1)[0]] == best


def test_a_small_slow_learner_lives_where_asha_stops_it():
    big = [Metrics(0.80 + number / 100, 100_000 + number) for number in range(6)]
    small = Metrics(0.60, 1_000)
    decisions = {}
    for select in (most_accurate, nearest_the_frontier):
        scheduler = StoppingHalving((1,), 3, select)
        for number, point in enumerate(big):
            scheduler.report(f"big {number}", 1, point)
        decisions[select] = scheduler.report("small", 1, small)
    assert decisions == {most_accurate: Decision.STOP, nearest_the_frontier: Decision.CONTINUE}


def test_an_epsilon_net_worked_out_by_hand():
    points = [(0.0, 0.0), (1.0, 1.0), (0.1, 0.1), (0.5, 0.4)]
    # The largest first coordinate, then the farthest from it, then (0.5, 0.4): 0.64 from (0, 0), 0.78 from (1, 1).
    assert epsilon_net(points, 4) == [1, 0, 3, 2]
    assert epsilon_net(points, 2) == [1, 0]
    assert epsilon_net(points, 0) == epsilon_net([], 3) == []


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=12), st.integers(1, 4))
def test_a_net_covers_to_within_twice_the_least_possible_distance(points, size):
    from itertools import combinations

    def radius(net):
        return max(min(math.dist(point, points[i]) for i in net) for point in points)

    size = min(size, len(points))
    best = min(radius(net) for net in combinations(range(len(points)), size))
    assert radius(epsilon_net(points, size)) <= 2 * best + 1e-12


def test_normalised_stretches_each_coordinate():
    assert normalised([(0.5, 3.0), (0.7, 3.0), (0.6, 3.0)]) == [
        (0.0, 0.0),
        (1.0, 0.0),
        (pytest.approx(0.5), 0.0),
    ]
