import pytest

from search_spaces import Choice, Integer, LogInteger, LogUniform, Space, Uniform, named_space, named_spaces
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
    },
)


@pytest.mark.parametrize("space", [EVERY_KIND, *map(named_space, named_spaces())], ids=lambda space: space.name)
def test_there_and_back_gives_the_same_space(space):
    assert from_hyperparameters(to_hyperparameters(space), name=space.name) == space


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

    hyperparameters = keras_tuner.HyperParameters()
    hyperparameters.Int("units", 8, 64, step=8)
    with pytest.raises(ValueError, match="units: has step 8"):
        from_hyperparameters(hyperparameters, name="steps")
    other = keras_tuner.HyperParameters()
    other.Int("rooms", 1, 2)
    with pytest.raises(ValueError, match="rooms: unknown hyperparameter"):
        from_hyperparameters(other, name="other")
    conditional = keras_tuner.HyperParameters()
    conditional.Choice("cell", ["gru", "lstm"])
    with conditional.conditional_scope("cell", ["gru"]):
        conditional.Int("units", 1, 4)
    with pytest.raises(ValueError, match="units: has a conditional scope"):
        from_hyperparameters(conditional, name="conditional")
