import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces import Choice, Grid, Integer, LogGrid, LogInteger, LogUniform, Uniform


def draws(domain, count=2000):
    generator = np.random.default_rng(0)
    return [domain.sample(generator) for _ in range(count)]


def test_both_ends_of_an_integer_come_up_equally():
    values = draws(Integer(1, 3), 3000)
    counts = [values.count(value) for value in (1, 2, 3)]
    assert sum(counts) == 3000
    assert min(counts) > 900


def test_both_ends_of_a_log_integer_come_up():
    values = draws(LogInteger(1, 8), 4000)
    assert set(values) == set(range(1, 9))
    # Uniform in the logarithm: as many draws from 1 to 2 as from 4 to 8, up to rounding at the ends.
    assert sum(value <= 2 for value in values) > sum(value >= 6 for value in values)


@given(st.floats(1e-6, 1.0), st.floats(1.001, 1e6), st.integers(0, 2**32))
def test_log_uniform_stays_within_its_bounds(low, ratio, seed):
    value = LogUniform(low, low * ratio).sample(np.random.default_rng(seed))
    assert low <= value <= low * ratio


def test_log_uniform_is_uniform_in_the_logarithm():
    exponents = [math.log10(value) for value in draws(LogUniform(1e-4, 1e-2))]
    assert abs(np.mean(exponents) + 3) < 0.05


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Choice(()), "choice is empty"),
        (lambda: Choice((1, 1)), "repeats a value"),
        (lambda: Integer(3, 3), "low < high"),
        (lambda: Uniform(2.0, 1.0), "low < high"),
        (lambda: Uniform(0.0, math.inf), "finite"),
        (lambda: LogUniform(0.0, 1.0), "low > 0"),
        (lambda: LogInteger(0, 5), "low > 0"),
    ],
)
def test_meaningless_domains_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_true_and_one_are_different_choices():
    assert Choice((True, 1)).values == (True, 1)


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (Choice(("gru", "lstm")), ["gru"], ["rnn", 1]),
        (Integer(1, 3), [1, 3], [0, 4, True, "2"]),
        (LogInteger(2, 8), [2, 8], [1, 9]),
        (Uniform(0.0, 0.5), [0.0, 0.5, 0.25], [-0.1, 0.51, "x"]),
        (LogUniform(0.1, 1.0), [0.1, 1.0], [0.05, 2.0]),
    ],
)
def test_domains_know_what_they_hold(domain, inside, outside):
    assert all(value in domain for value in inside)
    assert not any(value in domain for value in outside)


@pytest.mark.parametrize(
    ("domain", "points"),
    [
        (Grid(100, 300, 3), (100, 200, 300)),
        (Grid(1, 4, 3), (1, 3, 4)),
        (Grid(0.0, 0.3, 4), (0.0, 0.1, 0.2, 0.3)),
        (LogGrid(1e-5, 0.1, 5), (1e-5, 1e-4, 1e-3, 1e-2, 0.1)),
        (LogGrid(8, 64, 4), (8, 16, 32, 64)),
    ],
)
def test_grids_are_evenly_spaced_and_hold_both_ends(domain, points):
    assert domain.grid() == points
    assert set(draws(domain, 200)) == set(points)
    assert all(point in domain for point in points)
    assert (points[0] + points[1]) / 2 not in domain
    assert [type(point) for point in domain.grid()] == [type(point) for point in points]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Grid(3, 3, 2), "low < high"),
        (lambda: Grid(0.0, math.inf, 2), "finite"),
        (lambda: Grid(1, 2, 1), "at least 2 points"),
        (lambda: Grid(1, 3, 5), "not distinct"),
        (lambda: LogGrid(0, 3, 2), "low > 0"),
    ],
)
def test_meaningless_grids_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
