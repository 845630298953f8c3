import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from search_spaces import (
    Choice,
    Integer,
    LogInteger,
    LogUniform,
    Space,
    TrialConfig,
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
    },
)
SPACES = pytest.mark.parametrize("space", [EVERY_KIND, *map(named_space, named_spaces())], ids=lambda space: space.name)


def study():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))


@SPACES
def test_there_and_back_gives_the_same_space(space):
    assert from_distributions(distributions(space), name=space.name) == space


@SPACES
def test_what_optuna_suggests_is_of_the_space_and_is_a_configuration(space):
    trial = study().ask()
    values = suggest(space, trial)
    assert list(values) == list(space.parameters)
    assert all(values[name] in domain for name, domain in space.parameters.items())
    assert trial.distributions == distributions(space)
    TrialConfig(**values)


def test_both_ends_of_an_integer_come_up():
    space = Space("ends", {"layers": Integer(1, 3), "units": LogInteger(2, 4)})
    asked = study()
    drawn = [suggest(space, asked.ask()) for _ in range(100)]
    assert {values["layers"] for values in drawn} == {1, 2, 3}
    assert {values["units"] for values in drawn} == {2, 3, 4}


def test_what_has_no_counterpart_is_named():
    with pytest.raises(ValueError, match=r"units: IntDistribution.*step=8.*no counterpart"):
        from_distributions({"units": IntDistribution(8, 64, step=8)}, name="steps")
    with pytest.raises(ValueError, match=r"dropout: FloatDistribution"):
        from_distributions({"dropout": FloatDistribution(0.0, 0.5, step=0.1)}, name="steps")
