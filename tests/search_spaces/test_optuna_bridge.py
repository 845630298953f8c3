import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from search_spaces import (
    Choice,
    Condition,
    Formula,
    Grid,
    Integer,
    LogGrid,
    LogInteger,
    LogUniform,
    Space,
    Uniform,
    named_space,
    named_spaces,
)
from search_spaces.optuna_bridge import distributions, from_distributions, suggest

EVERY_KIND = Space(
    "every",
    {
        "cell": Choice(("gru", "lstm")),
        "bidirectional": Choice((False, True)),
        "layers": Integer(1, 3),
        "units": LogInteger(4, 64),
        "dropout": Uniform(0.0, 0.5),
        "learning_rate": LogUniform(1e-4, 1e-2),
        "optimizer": Choice(("adam",)),
        "vocabulary": Grid(1000, 5000, 5),
    },
)
CONDITIONAL = Space(
    "conditional",
    {
        "cell": Choice(("lstm", "elman")),
        "activation": Choice(("tanh", "sigmoid")),
        "dropout": LogGrid(0.1, 0.4, 3),
        "units": Integer(4, 6),
    },
    conditions={"activation": Condition({"cell": ("elman",)}), "dropout": Condition({"activation": ("sigmoid",)})},
)
SCALED = Space("scaled", {"phi": Integer(0, 3)}, formulas={"units": Formula("8 * 1.5 ** phi")})
SPACES = pytest.mark.parametrize(
    "space", [EVERY_KIND, CONDITIONAL, SCALED, *map(named_space, named_spaces())], ids=lambda space: space.name
)


def study():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))


@SPACES
def test_there_and_back_gives_the_same_domains(space):
    back = from_distributions(
        distributions(space), name=space.name, conditions=space.conditions, formulas=space.formulas
    )
    assert list(back.parameters) == list(space.parameters)
    for name, domain in back.parameters.items():
        expected = space.parameters[name]
        if isinstance(expected, Grid) and isinstance(domain, Choice):
            assert domain.values == expected.grid()  # a categorical distribution does not say that it was a grid
        else:
            assert domain == expected


@SPACES
def test_what_optuna_suggests_is_of_the_space_and_is_a_configuration(space):
    trial = study().ask()
    values = suggest(space, trial)
    assert all(value in space.parameters[name] for name, value in values.items())
    assert [space.active(name, values) for name in space.parameters] == [name in values for name in space.parameters]
    assert trial.distributions == {name: distributions(space)[name] for name in values}
    space.config(values)


def test_conditions_are_kept_by_not_asking():
    asked = study()
    seen = set()
    for _ in range(60):
        values = suggest(CONDITIONAL, asked.ask())
        assert ("activation" in values) == (values["cell"] == "elman")
        assert ("dropout" in values) == (values.get("activation") == "sigmoid")
        assert CONDITIONAL.values(CONDITIONAL.config(values).model_dump()) == values
        seen.add(values.get("dropout"))
    assert seen == {None, 0.1, 0.2, 0.4}


def test_what_was_chosen_can_be_told_to_optuna_again():
    values = CONDITIONAL.values(CONDITIONAL.sample(np.random.default_rng(3)).model_dump())
    frozen = optuna.trial.create_trial(
        params=values, distributions={name: distributions(CONDITIONAL)[name] for name in values}, value=0.5
    )
    assert suggest(CONDITIONAL, frozen) == values


def test_both_ends_of_an_integer_come_up():
    space = Space("ends", {"layers": Integer(1, 3), "units": LogInteger(2, 4)})
    asked = study()
    drawn = [suggest(space, asked.ask()) for _ in range(100)]
    assert {values["layers"] for values in drawn} == {1, 2, 3}
    assert {values["units"] for values in drawn} == {2, 3, 4}


def test_steps_are_grids_and_what_has_no_counterpart_is_named():
    assert from_distributions({"units": IntDistribution(8, 64, step=8)}, name="s").parameters["units"] == Grid(8, 64, 8)
    with pytest.raises(ValueError, match=r"dropout: FloatDistribution"):
        from_distributions({"dropout": FloatDistribution(0.0, 0.5, step=0.1)}, name="steps")
