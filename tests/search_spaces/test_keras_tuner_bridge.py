import pytest

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
from search_spaces.keras_tuner_bridge import from_hyperparameters, to_hyperparameters

pytestmark = pytest.mark.tensorflow

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
        "vocabulary": LogGrid(1000, 4000, 3),
        "l2": Grid(0.0, 0.3, 4),
    },
)
CONDITIONAL = Space(
    "conditional",
    {
        "cell": Choice(("lstm", "elman")),
        "activation": Choice(("tanh", "sigmoid")),
        "units": Integer(4, 6),
        "dropout": Uniform(0.0, 0.4),
        "pooling": Choice(("max", "mean")),
        "embedding": Choice((4, 8)),
    },
    conditions={
        "embedding": Condition({"pooling": ("mean",), "cell": ("elman",)}),
        "activation": Condition({"cell": ("elman",)}),
        "units": Condition({"activation": ("sigmoid",)}),
        "dropout": Condition({"cell": ("lstm", "elman")}),
    },
)

SCALED = Space("scaled", {"phi": Integer(0, 3)}, formulas={"units": Formula("8 * 1.5 ** phi")})


@pytest.mark.parametrize(
    "space", [EVERY_KIND, CONDITIONAL, SCALED, *map(named_space, named_spaces())], ids=lambda space: space.name
)
def test_there_and_back_gives_the_same_space(space):
    assert from_hyperparameters(to_hyperparameters(space), name=space.name, formulas=space.formulas) == space


def test_both_ends_of_an_integer_can_come_out_of_keras_tuner():
    import keras_tuner

    hyperparameters = to_hyperparameters(Space("ends", {"layers": Integer(1, 3)}))
    oracle = keras_tuner.oracles.RandomSearchOracle(
        objective=keras_tuner.Objective("val_accuracy", "max"), max_trials=40, seed=0, hyperparameters=hyperparameters
    )
    layers = {oracle.get_space().space[0].random_sample(seed) for seed in range(60)}
    assert layers == {1, 2, 3}


def test_what_has_no_counterpart_is_named():
    import keras_tuner

    other = keras_tuner.HyperParameters()
    other.Int("rooms", 1, 2)
    with pytest.raises(ValueError, match="rooms: is no hyperparameter"):
        from_hyperparameters(other, name="other")
    twice = keras_tuner.HyperParameters()
    twice.Choice("cell", ["gru", "lstm"])
    for cell in ("gru", "lstm"):
        with twice.conditional_scope("cell", [cell]):
            twice.Int("units", 1, 4)
    with pytest.raises(ValueError, match="units: is registered twice"):
        from_hyperparameters(twice, name="twice")
    reversed_scale = keras_tuner.HyperParameters()
    reversed_scale.Float("dropout", 0.1, 0.5, sampling="reverse_log")
    with pytest.raises(ValueError, match="dropout: sampling 'reverse_log'"):
        from_hyperparameters(reversed_scale, name="reversed")


def test_steps_are_grids():
    import keras_tuner

    hyperparameters = keras_tuner.HyperParameters()
    hyperparameters.Int("units", 8, 66, step=8)
    hyperparameters.Int("vocabulary", 500, 4000, step=2, sampling="log")
    hyperparameters.Float("dropout", 0.0, 0.3, step=0.1)
    hyperparameters.Float("learning_rate", 1e-4, 1e-1, step=10, sampling="log")
    hyperparameters.Int("embedding", 4, 6, step=4)
    space = from_hyperparameters(hyperparameters, name="steps")
    assert {name: domain.grid() for name, domain in space.parameters.items()} == {
        "units": (8, 16, 24, 32, 40, 48, 56, 64),
        "vocabulary": (500, 1000, 2000, 4000),
        "dropout": (0.0, 0.1, 0.2, 0.3),
        "learning_rate": (1e-4, 1e-3, 1e-2, 1e-1),
        "embedding": (4,),
    }


def test_an_oracle_keeps_the_conditions():
    import keras_tuner

    oracle = keras_tuner.oracles.RandomSearchOracle(
        objective=keras_tuner.Objective("val_accuracy", "max"),
        max_trials=40,
        seed=1,  # 0 means any seed to KerasTuner
        hyperparameters=to_hyperparameters(CONDITIONAL),
    )
    seen = [oracle._random_values() for _ in range(40)]
    for values in seen:
        assert [CONDITIONAL.active(name, values) for name in CONDITIONAL.parameters] == [
            name in values for name in CONDITIONAL.parameters
        ]
        CONDITIONAL.config(values)
    assert {values["cell"] for values in seen} == {"lstm", "elman"}
    assert {values.get("units") for values in seen} == {None, 4, 5, 6}
