"""The recurrence and its pooling against the Keras layers, values and gradients."""

import numpy as np
import pytest

from support.lazy import Lazy, keras, tf

pytestmark = pytest.mark.tensorflow

pooling, recurrence = Lazy("tuner.models.network_layers"), Lazy("tuner.models.recurrence")
KERAS_LAYERS = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
CELLS = list(KERAS_LAYERS)
STEPS, BATCH, FEATURES, UNITS = 9, 5, 4, 6
LENGTHS = np.array([1, STEPS, 4, 6, STEPS], np.int32)
VALID = np.arange(STEPS) < LENGTHS[:, None]
MODES = pytest.mark.parametrize("jit", [True, False], ids=["xla", "eager"])


def random_weights(cell, generator, features=FEATURES):
    gates = {"simple_rnn": 1, "lstm": 4, "gru": 3}[cell]
    bias = (2, gates * UNITS) if cell == "gru" else (gates * UNITS,)
    shapes = [(features, gates * UNITS), (UNITS, gates * UNITS), bias]
    return [tf.constant(generator.normal(size=shape) * 0.5, tf.float32) for shape in shapes]


def random_inputs(generator):
    """Batch-major with zeros in the padding, as Keras takes them."""
    values = generator.normal(size=(BATCH, STEPS, FEATURES)) * VALID[:, :, None]
    return tf.constant(values, tf.float32)


def to_time_major(array):
    return tf.transpose(array, [1, 2, 0])


def to_batch_major(array):
    return tf.transpose(array, [2, 0, 1])


def assert_close(ours, theirs):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * max(1e-3, np.abs(theirs).max()))


def keras_states(cell, inputs, weights, *, backward):
    layer = getattr(keras.layers, KERAS_LAYERS[cell])(UNITS, return_sequences=True, go_backwards=backward)
    layer.build(inputs.shape)
    with tf.GradientTape() as tape:
        tape.watch([inputs, *weights])
        for variable, weight in zip(layer.trainable_variables, weights, strict=True):
            variable.assign(weight)
        variables = [variable.value for variable in layer.trainable_variables]
        states = layer(inputs, mask=tf.constant(VALID))
        # Keras leaves a backward layer's states in the order it computed them.
        states = tf.reverse(states, [1]) if backward else states
        loss = tf.reduce_sum(states * readout() * VALID[:, :, None])
    return states, tape.gradient(loss, [inputs, *variables])


def readout():
    """What the tests sum the states with, so that every state has a gradient of its own."""
    return tf.constant(np.random.default_rng(7).normal(size=(BATCH, STEPS, UNITS)), tf.float32)


def our_states(cell, inputs, weights, *, backward, jit=False):
    def run(inputs, *weights):
        with tf.GradientTape() as tape:
            tape.watch([inputs, *weights])
            (states,) = recurrence.recur(
                cell, [to_time_major(inputs)], [weights], backwards=[backward], lengths=LENGTHS if backward else None
            )
            states = to_batch_major(states)
            loss = tf.reduce_sum(states * readout() * VALID[:, :, None])
        return states, tape.gradient(loss, [inputs, *weights])

    return (tf.function(run, jit_compile=True) if jit else run)(inputs, *weights)


@MODES
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("cell", CELLS)
def test_states_and_gradients_are_those_of_keras(cell, backward, jit):
    generator = np.random.default_rng(1)
    inputs, weights = random_inputs(generator), random_weights(cell, generator)

    expected, expected_gradients = keras_states(cell, inputs, weights, backward=backward)
    states, gradients = our_states(cell, inputs, weights, backward=backward, jit=jit)

    assert_close(states * VALID[:, :, None], expected * VALID[:, :, None])
    for ours, theirs in zip(gradients, expected_gradients, strict=True):
        assert_close(ours, theirs)


@MODES
@pytest.mark.parametrize("cell", CELLS)
def test_both_directions_in_one_loop_are_each_for_itself(cell, jit):
    generator = np.random.default_rng(6)
    inputs = [to_time_major(random_inputs(generator)) for _ in range(2)]
    weights = [random_weights(cell, generator) for _ in range(2)]

    def run(inputs, weights):
        with tf.GradientTape() as tape:
            tape.watch([inputs, weights])
            states = recurrence.recur(cell, inputs, weights, backwards=[False, True], lengths=LENGTHS)
            kept = [to_batch_major(part) * VALID[:, :, None] for part in states]
            loss = tf.reduce_sum(kept[0] * readout()) + 2.0 * tf.reduce_sum(kept[1] * readout())
        return kept, tape.gradient(loss, [inputs, weights])

    kept, (d_inputs, d_weights) = (tf.function(run, jit_compile=True) if jit else run)(inputs, weights)
    for number, factor in enumerate((1.0, 2.0)):
        states, (d_input, *expected) = keras_states(
            cell, tf.transpose(inputs[number], [2, 0, 1]), weights[number], backward=number == 1
        )
        assert_close(kept[number], states * VALID[:, :, None])
        assert_close(tf.transpose(d_inputs[number], [2, 0, 1]), factor * d_input)
        for ours, theirs in zip(d_weights[number], expected, strict=True):
            assert_close(ours, factor * theirs)


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("cell", CELLS)
def test_what_stands_in_the_padding_changes_nothing(cell, backward):
    generator = np.random.default_rng(2)
    inputs, weights = random_inputs(generator), random_weights(cell, generator)
    garbage = tf.where(VALID[:, :, None], inputs, 1e6)

    clean_states, clean_gradients = our_states(cell, inputs, weights, backward=backward)
    states, gradients = our_states(cell, garbage, weights, backward=backward)

    np.testing.assert_array_equal(states.numpy()[VALID], clean_states.numpy()[VALID])
    for ours, clean in zip(gradients, clean_gradients, strict=True):
        assert_close(ours, clean)


def test_a_single_step_has_no_previous_state():
    generator = np.random.default_rng(3)
    inputs, weights = random_inputs(generator)[:, :1], random_weights("lstm", generator)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        (states,) = recurrence.recur("lstm", [to_time_major(inputs)], [weights])
        loss = tf.reduce_sum(states)
    _, recurrent_gradient, _ = tape.gradient(loss, weights)
    assert states.shape == (1, UNITS, BATCH)
    np.testing.assert_array_equal(recurrent_gradient, np.zeros((UNITS, 4 * UNITS)))


def test_one_plain_graph_serves_batches_of_any_size():
    def both(inputs, lengths):
        return recurrence.recur("gru", [inputs] * 2, [weights] * 2, backwards=[False, True], lengths=lengths)

    @tf.function(input_signature=[tf.TensorSpec([None, FEATURES, None])])
    def run(inputs):
        return both(inputs, tf.fill([tf.shape(inputs)[2]], tf.shape(inputs)[0]))

    generator = np.random.default_rng(4)
    weights = random_weights("gru", generator)
    for steps, batch in [(3, 2), (5, 4)]:
        inputs = tf.constant(generator.normal(size=(steps, FEATURES, batch)), tf.float32)
        assert_close(run(inputs), both(inputs, tf.fill([batch], steps)))


@MODES
@pytest.mark.parametrize("kind", ["last", "mean", "max"])
def test_pooling_takes_valid_steps_only(kind, jit):
    generator = np.random.default_rng(5)
    forward, backward = generator.normal(size=(2, BATCH, STEPS, UNITS)).astype(np.float32)
    forward[~VALID] = backward[~VALID] = 1e6

    def pooled_by_hand(states, last):
        rows = [states[row, :length] for row, length in enumerate(LENGTHS)]
        reduce = {"last": lambda row: row[last], "mean": lambda row: row.mean(0), "max": lambda row: row.max(0)}[kind]
        return np.stack([reduce(row) for row in rows])

    run = tf.function(lambda a, b: pooling.pool(kind, [a, b], LENGTHS), jit_compile=jit, autograph=False)
    both = run(to_time_major(forward), to_time_major(backward))
    assert_close(both, np.concatenate([pooled_by_hand(forward, -1), pooled_by_hand(backward, 0)], 1))
    assert_close(pooling.pool(kind, [to_time_major(forward)], LENGTHS), pooled_by_hand(forward, -1))


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"must be one of lstm, gru, .*\. Received: cell='rnn'"):
        recurrence.recur("rnn", [tf.zeros([2, 3, 4])], [random_weights("lstm", np.random.default_rng(0), 3)])
    with pytest.raises(ValueError, match=r"must be last, mean, max or attention\. Received: kind='sum'"):
        pooling.pool("sum", [tf.zeros([2, 3, 4])], tf.ones([4], tf.int32))
