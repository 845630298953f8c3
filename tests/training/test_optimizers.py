"""Our optimizers against Keras' own: the same weights after some steps, to the bit."""

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def keras_own(name, **arguments):
    import keras

    classes = {"adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adadelta": "Adadelta"}
    return getattr(keras.optimizers, classes.get(name, "SGD"))(**arguments)


def weights_after(optimizer, variables, steps=5):
    import tensorflow as tf

    generator = np.random.default_rng(1)

    @tf.function
    def step(*gradients):
        optimizer.apply(gradients, variables)

    for _ in range(steps):
        step(*(tf.constant(generator.normal(size=variable.shape), tf.float32) for variable in variables))
    return [variable.numpy() for variable in variables]


def fresh_variables():
    import keras

    generator = np.random.default_rng(0)
    return [keras.Variable(generator.normal(size=shape).astype(np.float32)) for shape in ((7, 3), (3,))]


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("adam", {"learning_rate": 0.01}),
        ("adamw", {"learning_rate": 0.01, "weight_decay": 0.3}),
        ("adamw", {"learning_rate": 0.01, "weight_decay": 0.0}),
        ("rmsprop", {"learning_rate": 0.01}),
        ("adagrad", {"learning_rate": 0.1}),
        ("adadelta", {"learning_rate": 1.0}),
        ("sgd", {"learning_rate": 0.1}),
        ("sgd", {"learning_rate": 0.1, "momentum": 0.8}),
    ],
)
def test_the_numbers_are_those_of_keras(name, rates):
    from tuner.training.optimizers import OptimizerParams, build_optimizer, set_optimizer_params

    ours, theirs = fresh_variables(), fresh_variables()
    optimizer = build_optimizer(name, ours, momentum="momentum" in rates)
    set_optimizer_params(optimizer, OptimizerParams(**rates))
    expected = weights_after(keras_own(name, **rates), theirs)
    start = fresh_variables()[0].numpy()
    assert np.abs(expected[0] - start).max() > 1e-4
    for mine, other in zip(weights_after(optimizer, ours), expected, strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize(("name", "rate"), [("sgd", "momentum"), ("adamw", "weight_decay")])
def test_one_step_serves_every_momentum_and_decay(name, rate):
    """They are variables: a step that is traced already takes the next trial's."""
    import tensorflow as tf

    from tuner.training.optimizers import OptimizerParams, build_optimizer, set_optimizer_params

    variables = fresh_variables()
    optimizer = build_optimizer(name, variables, momentum=name == "sgd")
    everything = [*variables, *optimizer.variables]
    fresh, ends = [variable.numpy() for variable in everything], []

    @tf.function
    def step():
        optimizer.apply([tf.ones(variable.shape) for variable in variables], variables)

    for value in (0.1, 0.9):
        for variable, number in zip(everything, fresh, strict=True):
            variable.assign(number)
        set_optimizer_params(optimizer, OptimizerParams(0.1, **{rate: value}))
        step()
        step()
        ends.append(variables[0].numpy())
    assert step.experimental_get_tracing_count() == 1
    assert np.abs(ends[0] - ends[1]).max() > 0.01
