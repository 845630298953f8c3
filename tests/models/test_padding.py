import pytest

from support.lazy import Lazy

building = Lazy("tuner.models.custom.building")
pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(
    ("longest", "lengths"),
    [
        (1, (1,)),
        (8, (8,)),
        (9, (8, 9)),
        (42, (8, 16, 24, 32, 42)),
        (400, (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 400)),
    ],
)
def test_two_lengths_a_doubling_up_to_the_longest(longest, lengths):
    assert building.padded_lengths(longest) == lengths
