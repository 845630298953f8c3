from hypothesis import given
from hypothesis import strategies as st

from tuner.runs.pareto import pareto_front, pareto_ranks

points = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), max_size=30)


@given(points)
def test_layers_are_fronts_of_what_is_left(points):
    expected, left, layer = {}, list(range(len(points))), 0
    while left:
        front = pareto_front([points[i][0] for i in left], [points[i][1] for i in left])
        expected.update({left[place]: layer for place in front})
        left = [i for i in left if i not in expected]
        layer += 1
    found = pareto_ranks([accuracy for accuracy, _ in points], [size for _, size in points])
    assert dict(enumerate(found)) == expected
