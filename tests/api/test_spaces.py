import pytest

import tuner
from search_spaces import Choice, LogGrid


def test_a_space_in_a_line():
    space = tuner.Space(
        cell=tuner.choice("gru", "lstm"), units=tuner.log_grid(8, 64, 4), pooling="max", dropout=tuner.uniform(0, 0.5),
        learning_rate=tuner.log_uniform(1e-3, 2e-2), layers=tuner.integer(1, 3), embedding=tuner.grid(4, 12, 3),
    )  # fmt: skip
    assert space.parameters["units"] == LogGrid(8, 64, 4)
    assert space.parameters["units"].grid() == (8, 16, 32, 64)
    assert space.parameters["pooling"] == Choice(("max",))
    assert space.parameters["embedding"].grid() == (4, 8, 12)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"unit": 8}, "space: unit"), ({"units": tuner.choice(8, -1)}, "space: units"), ({"cell": "rnn"}, "space: cell")],
)
def test_what_no_space_can_have_is_named(parameters, message):
    with pytest.raises(tuner.InputError, match=message):
        tuner.Space(**parameters)
