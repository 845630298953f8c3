import numpy as np
import pytest

from search_spaces import Choice, Space, Uniform, named_space


def test_samples_depend_on_the_generator_alone():
    space = named_space("frontier")
    assert space.sample(np.random.default_rng([1, 5])) == space.sample(np.random.default_rng([1, 5]))
    assert space.sample(np.random.default_rng([1, 5])) != space.sample(np.random.default_rng([1, 6]))


def test_a_grid_lists_every_point_once_last_parameter_fastest():
    space = Space("small", {"layers": Choice((1, 2)), "units": Choice((8, 16, 32))})
    points = [(config.layers, config.units) for config in space.grid()]
    assert points == [(1, 8), (1, 16), (1, 32), (2, 8), (2, 16), (2, 32)]
    assert space.grid_size() == 6


def test_a_continuous_space_is_no_grid():
    space = Space("open", {"dropout": Uniform(0.0, 0.5)})
    assert space.grid_size() is None
    with pytest.raises(ValueError, match="dropout"):
        list(space.grid())


def test_replacing_keeps_the_rest_and_a_space_cannot_be_changed():
    space = named_space("frontier").replaced({"units": Choice((4,))})
    assert space.parameters["units"] == Choice((4,))
    assert "units" not in space.varying()
    with pytest.raises(TypeError):
        space.parameters["units"] = Choice((5,))  # type: ignore[index]
