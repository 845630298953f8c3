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


def fresh_variables(shapes=((7, 3), (3,))):
    import keras

    generator = np.random.default_rng(0)
    return [keras.Variable(generator.normal(size=shape).astype(np.float32)) for shape in shapes]


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


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "adagrad", "adadelta", "sgd", "momentum"])
def test_a_state_is_that_of_an_optimizer_of_single_weights(name, monkeypatch):
    """Archives know nothing of vectors: states of before are taken, those of now have the same arrays in the same places."""
    import tensorflow as tf

    from tuner.models.weights import Weight
    from tuner.training import weight_vectors
    from tuner.training.optimizers import assign_state, build_optimizer, state_of

    monkeypatch.setattr(weight_vectors, "_ALONE", 20)  # of the four, the second is a vector of its own
    shapes = ((3, 2), (7, 3), (3,), (2, 2, 2))
    layout = weight_vectors.Layout.of([Weight("kernel", shape) for shape in shapes])
    assert layout.members == ((0, 2, 3), (1,))
    single = fresh_variables(shapes)
    joined = [type(single[0])(vector.numpy()) for vector in layout.join([variable.value for variable in single])]
    kind, momentum = ("sgd", True) if name == "momentum" else (name, False)
    of_single = build_optimizer(kind, single, momentum=momentum)
    of_vectors, fresh = (build_optimizer(kind, joined, momentum=momentum) for _ in range(2))
    generator = np.random.default_rng(1)
    for _ in range(3):
        gradients = [tf.constant(generator.normal(size=shape), tf.float32) for shape in shapes]
        of_single.apply(gradients, single)
        of_vectors.apply(layout.join(gradients), joined)
    expected = [variable.value.numpy() for variable in of_single.variables]
    assign_state(fresh, layout, expected)
    for state in (state_of(of_vectors, layout), state_of(fresh, layout)):
        assert len(state) == len(expected)
        for mine, other in zip(state, expected, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-6)
    for mine, other in zip(layout.split([variable.value for variable in joined]), single, strict=True):
        np.testing.assert_allclose(mine, other.value, rtol=1e-6)
