from hypothesis import given
from hypothesis import strategies as st

from tuner.runs.pareto import pareto_front

points = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), max_size=30)


def dominates(a, b):
    return a[0] >= b[0] and a[1] <= b[1] and a != b


@given(points)
def test_the_front_is_what_nobody_dominates(points):
    front = pareto_front([accuracy for accuracy, _ in points], [size for _, size in points])
    expected = {i for i, point in enumerate(points) if not any(dominates(other, point) for other in points)}
    assert set(front) == expected
    assert [points[i][1] for i in front] == sorted(points[i][1] for i in front)


def test_worked_out_by_hand():
    accuracies, parameters = [0.8, 0.9, 0.85, 0.9], [100, 1000, 2000, 900]
    assert pareto_front(accuracies, parameters) == [0, 3]
