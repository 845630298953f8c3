"""The portfolio in its own space, and in those of others."""

import pytest

from search_spaces import Choice, Condition, LogUniform, Space, TrialConfig, named_space
from search_spaces.domains import Grid, Integer, Uniform
from search_spaces.portfolio import nearest, portfolio, portfolio_in


def test_its_points_lie_in_the_recommended_space():
    space = named_space("frontier")
    found = portfolio_in(space, seed=0)
    assert len(found) == len(portfolio()) == len(set(found))
    for config, wanted in zip(found, portfolio(), strict=True):
        assert {name: getattr(config, name) for name in wanted} == wanted
        assert all(value in space.parameters[name] for name, value in space.values(config.model_dump()).items())


def test_another_space_gives_its_nearest_points():
    space = Space(
        "mine", {"cell": Choice(("simple_rnn",)), "units": Choice((3, 12)), "learning_rate": LogUniform(0.1, 1)}
    )
    for config, wanted in zip(portfolio_in(space, seed=0), portfolio(), strict=True):
        assert (config.cell, config.learning_rate) == ("simple_rnn", 0.1)
        assert config.units == (3 if wanted["units"] < 6 else 12)
        assert config.pooling == TrialConfig().pooling  # the space does not search it


def test_what_it_leaves_open_is_drawn_from_the_seed():
    space = Space("mine", {"class_weights": Choice(("none", "balanced"))})
    drawn = [[config.class_weights for config in portfolio_in(space, seed=seed)] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert set(drawn[0]) == {"none", "balanced"}


def test_conditions_are_kept_and_impossible_combinations_left_out():
    space = Space(
        "mine",
        {"optimizer": Choice(("adam", "sgd")), "momentum": Choice((0.9,))},
        conditions={"momentum": Condition({"optimizer": ("sgd",)})},
    )
    assert {(c.optimizer, c.momentum) for c in portfolio_in(space, seed=0)} == {("adam", 0.0), ("sgd", 0.9)}
    assert portfolio_in(Space("mine", {"dense_layers": Choice((2,)), "dense_units": Choice((0,))}), seed=0) == []


@pytest.mark.parametrize(
    ("domain", "wanted", "found"),
    [
        (Choice((8, 32)), 8, 8),
        (Choice((8, 32)), 15, 8),
        (Choice((8, 32)), 17, 32),  # by ratio: 16 is as far from 8 as from 32
        (Choice((0.0, 0.4)), 0.1, 0.0),
        (Choice(("lstm", "gru")), "simple_rnn", "lstm"),
        (Choice((False, True)), True, True),
        (Choice((False,)), True, False),
        (Choice(("none",)), 3, "none"),
        (Uniform(0.1, 0.3), 0.5, 0.3),
        (Uniform(0.1, 0.3), 0.2, 0.2),
        (LogUniform(1e-4, 1e-2), 1e-5, 1e-4),
        (Integer(2, 4), 100, 4),
        (Grid(0.0, 1.0, 3), 0.4, 0.5),
    ],
)
def test_nearest_values(domain, wanted, found):
    assert nearest(domain, wanted) == found
