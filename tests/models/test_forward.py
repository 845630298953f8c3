"""The pure forward function against the Keras model of the same network, and its dropout."""

from dataclasses import replace
from itertools import compress, product

import numpy as np
import pytest

from support.covering import FULL_CONTRACT, covering
from support.lazy import Lazy, tf
from tuner.models.network_spec import Network
from tuner.models.weights import count_of_head, weights_of

pytestmark = pytest.mark.tensorflow

forward, keras_model, network_layers = (
    Lazy(f"tuner.models.{name}") for name in ("forward", "keras_model", "network_layers")
)

LENGTHS = np.array([1, 9, 4, 6, 9], np.int32)
BATCH, STEPS = len(LENGTHS), 9
BASE = Network(
    cell="gru",
    layers=1,
    units=6,
    embedding=5,
    vocabulary=20,
    bidirectional=False,
    pooling="max",
    dense_units=0,
    classes=2,
)
# Every cell with every depth, direction and pooling, in pairs; the heads change along with the depth.
CELLS_OF_KERAS = [
    replace(
        BASE,
        cell=cell,
        layers=layers,
        bidirectional=bidirectional,
        pooling=pooling,
        dense_units=3 if layers == 2 else 0,
        classes=layers + 1,
    )
    for cell, layers, bidirectional, pooling in covering(
        product(["simple_rnn", "lstm", "gru"], [1, 2, 3], [False, True], ["last", "mean", "max"])
    )
]
BOTH = replace(BASE, layers=2, bidirectional=True)
ELMAN = replace(BOTH, cell="elman", activation="sigmoid")
ONE_HOT = replace(BOTH, embedding=0, one_hot=True)
OTHERS = [
    *(replace(BASE, cell=cell, pooling="attention") for cell in ("simple_rnn", "lstm", "gru")),
    replace(BOTH, pooling="attention"),
    *(replace(ELMAN, pooling=pooling) for pooling in ("last", "max")),
    *(replace(ELMAN, pooling=pooling, projection=True) for pooling in ("last", "attention")),
    *(replace(ELMAN, pooling=pooling, residual=True, embedding=12) for pooling in ("last", "mean")),
    replace(BASE, cell="elman", residual=True, projection=True, embedding=6),
    *(replace(ONE_HOT, cell=cell) for cell in ("simple_rnn", "lstm", "gru")),
    replace(ONE_HOT, cell="elman", activation="sigmoid", projection=True),
    *(replace(BASE, cell="mlp", layers=layers, pooling=pooling) for layers, pooling in ((1, "max"), (3, "last"))),
    replace(BASE, cell="mlp", layers=2, embedding=0, one_hot=True, pooling="attention"),
    *(
        replace(BASE, cell="none", layers=0, units=0, pooling=pooling)
        for pooling in ("last", "mean", "max", "attention")
    ),
    replace(BOTH, dense_units=3, dense_layers=3, batch_norm=True, classes=4),
    replace(BASE, batch_norm=True, vectors="frozen"),
]


def network_id(network):
    direction = "both" if network.bidirectional else "forward"
    extras = [name for name in ("residual", "projection", "one_hot", "batch_norm") if getattr(network, name)]
    return "-".join([network.cell, str(network.layers), direction, network.pooling, *extras])


def random_tokens(generator):
    """Ids up to 24: some are beyond the vocabulary of 20."""
    tokens = generator.integers(1, 25, (BATCH, STEPS))
    return tf.constant(tokens * (np.arange(STEPS) < LENGTHS[:, None]), tf.int32)


def model_with_random_weights(network, generator):
    model = keras_model.build_model(network)
    for variable, weight in zip(model.weights, weights_of(network), strict=True):
        values = generator.normal(size=variable.shape) * 0.4
        variable.assign(np.abs(values) + 0.5 if weight.role == "moving_variance" else values)
    return model, [tf.convert_to_tensor(variable.value) for variable in model.weights]


def outputs_and_gradients(weights, tokens, network, *, compiler=None, rate=0.0, seed=(1, 2), training=True):
    """Eager by default: to trace every network takes longer than to run it."""

    def run(weights, tokens, lengths, rate, seed):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            masks = network_layers.draw_masks(network, BATCH, seed, rate=rate) if training else None
            outputs = forward.logits(weights, tokens, lengths, network, masks)
            loss = tf.reduce_sum(outputs * readout(network))
        return [outputs, *tape.gradient(loss, weights)]

    if compiler is not None:
        run = tf.function(run, jit_compile=compiler == "xla")
    return run(weights, tokens, tf.constant(LENGTHS), tf.constant(rate), tf.constant(seed))


def readout(network):
    return tf.constant(np.random.default_rng(7).normal(size=(BATCH, network.outputs)), tf.float32)


def assert_close(ours, theirs):
    for mine, raw in zip(ours, theirs, strict=True):
        other = np.asarray(tf.convert_to_tensor(raw))  # Keras' gradient of the table is sparse
        # The gradient of an attention query is a difference of nearly equal sums: small, and no more exact than these.
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-5 * max(0.05, np.abs(other).max()))


@pytest.mark.parametrize("network", CELLS_OF_KERAS + OTHERS, ids=network_id)
def test_logits_and_gradients_are_those_of_the_keras_model(network):
    generator = np.random.default_rng(1)
    model, weights = model_with_random_weights(network, generator)
    tokens = random_tokens(generator)
    with tf.GradientTape() as tape:
        outputs = model(tokens, training=False)
        loss = tf.reduce_sum(outputs * readout(network))
    expected = [outputs, *tape.gradient(loss, [variable.value for variable in model.trainable_variables])]

    outputs, *gradients = outputs_and_gradients(weights, tokens, network, training=False)
    trained = [weight.trained for weight in weights_of(network)]
    assert_close([outputs, *compress(gradients, trained)], expected)


@pytest.mark.parametrize(
    "network",
    [
        *(
            replace(BOTH, cell=cell, pooling=pooling)
            for cell in ("simple_rnn", "lstm", "gru")
            for pooling in ("last", "max")
        ),
        replace(ELMAN, residual=True, projection=True, embedding=12, pooling="attention"),
        replace(BASE, cell="mlp", layers=3, pooling="mean"),
        replace(BASE, cell="none", layers=0, units=0),
    ],
    ids=network_id,
)
def test_the_keras_layers_drop_what_the_fast_recurrence_drops(network):
    """What runs on a GPU against what runs on a CPU: both train on the same weights with the same masks."""
    generator = np.random.default_rng(8)
    model, weights = model_with_random_weights(network, generator)
    tokens, present = random_tokens(generator), tf.sequence_mask(LENGTHS, STEPS)
    masks = network_layers.draw_masks(network, BATCH, [3, 4], rate=0.3, embedding_rate=0.2)
    variables = [variable.value for variable in model.weights]
    readings = tf.constant(generator.normal(size=(BATCH, network.width)), tf.float32)

    def with_gradients(run, sources):
        with tf.GradientTape() as tape:
            tape.watch(sources)
            features = run()
            loss = tf.reduce_sum(features * readings)
        return [features, *tape.gradient(loss, sources[: -count_of_head(network)])]

    assert_close(
        with_gradients(lambda: forward.pooled_features(weights, tokens, LENGTHS, network, masks), weights),
        with_gradients(
            lambda: keras_model.pooled_features(keras_model.layers_of(model), network, tokens, present, masks),
            variables,
        ),
    )


COMPILED = [
    *(replace(BOTH, cell=cell, dense_units=3) for cell in ("simple_rnn", "lstm", "gru")),
    replace(ELMAN, residual=True, projection=True, embedding=12, pooling="attention"),
    replace(ONE_HOT, pooling="attention", batch_norm=True),
    replace(BASE, cell="mlp"),
]


@pytest.mark.parametrize(
    ("compiler", "network"),
    # Without XLA the graph is that of the eager run, traced: two networks show it.
    [*product(["xla"], COMPILED), *product(["graph"], COMPILED if FULL_CONTRACT else COMPILED[2:4])],
    ids=lambda value: value if isinstance(value, str) else network_id(value),
)
def test_compiled_the_numbers_are_the_same_with_dropout_too(network, compiler):
    generator = np.random.default_rng(2)
    _, weights = model_with_random_weights(network, generator)
    tokens = random_tokens(generator)
    eager = outputs_and_gradients(weights, tokens, network, rate=0.4)
    assert_close(outputs_and_gradients(weights, tokens, network, rate=0.4, compiler=compiler), eager)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_tokens_in_the_padding_change_nothing(pooling, bidirectional):
    generator = np.random.default_rng(3)
    network = replace(BASE, cell="lstm", layers=2, pooling=pooling, bidirectional=bidirectional)
    _, weights = model_with_random_weights(network, generator)
    tokens = random_tokens(generator)
    garbage = tf.where(tokens == 0, 7, tokens)
    assert_close(outputs_and_gradients(weights, garbage, network), outputs_and_gradients(weights, tokens, network))


def test_ids_beyond_the_vocabulary_are_the_unknown_token():
    generator = np.random.default_rng(4)
    _, weights = model_with_random_weights(BASE, generator)
    tokens = random_tokens(generator)
    clipped = tf.where(tokens < BASE.vocabulary, tokens, 1)
    assert tf.reduce_any(tokens != clipped)
    assert_close(outputs_and_gradients(weights, tokens, BASE), outputs_and_gradients(weights, clipped, BASE))


@pytest.fixture
def dropout_case():
    """A network with every place that dropout has: between layers, before the hidden and the output layer."""
    generator = np.random.default_rng(5)
    network = replace(BASE, layers=2, dense_units=4)
    _, weights = model_with_random_weights(network, generator)
    return network, weights, random_tokens(generator)


def test_a_rate_of_zero_is_exactly_no_dropout(dropout_case):
    network, weights, tokens = dropout_case
    with_zero = outputs_and_gradients(weights, tokens, network, rate=0.0)
    without = outputs_and_gradients(weights, tokens, network, rate=0.5, training=False)
    for mine, other in zip(with_zero, without, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_one_seed_gives_one_set_of_masks(dropout_case):
    network, weights, tokens = dropout_case
    first, again, other = (
        outputs_and_gradients(weights, tokens, network, rate=0.5, seed=seed)[0] for seed in [(3, 4), (3, 4), (3, 5)]
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_dropout_before_the_output_is_right_on_average():
    generator = np.random.default_rng(6)
    _, weights = model_with_random_weights(BASE, generator)
    tokens = random_tokens(generator)

    @tf.function
    def run(seed, training, rate):
        return forward.logits(
            weights,
            tokens,
            LENGTHS,
            BASE,
            network_layers.draw_masks(BASE, BATCH, seed, rate=rate) if training else None,
        )

    draws = np.stack([run(tf.constant([8, draw]), True, 0.3) for draw in range(600)])
    deviation = np.abs(draws.mean(0) - run(tf.constant([0, 0]), False, 0.0))
    # Four standard errors: one of five rows would pass them by chance once in 3,000 seeds.
    assert (deviation < 4 * draws.std(0) / np.sqrt(len(draws))).all()


def test_between_layers_a_feature_is_dropped_for_all_steps_of_a_row(monkeypatch):
    seen = []

    def spy(cell, inputs, weights, **others):
        seen.extend(sequence.numpy() for sequence in inputs)
        return [tf.ones([STEPS, BASE.units, BATCH]) for _ in inputs]

    monkeypatch.setattr("tuner.models.forward.recur", spy)
    network = replace(BASE, layers=2)
    generator = np.random.default_rng(9)
    _, weights = model_with_random_weights(network, generator)
    tokens = random_tokens(generator)
    forward.logits(weights, tokens, LENGTHS, network, network_layers.draw_masks(network, BATCH, [1, 2], rate=0.5))

    embedded, between = seen
    table = weights[0].numpy()
    known = np.where(tokens.numpy() < network.vocabulary, tokens.numpy(), 1)
    np.testing.assert_array_equal(embedded, table[known.T].transpose(0, 2, 1))
    assert set(np.unique(between)) == {0.0, 2.0}
    np.testing.assert_array_equal(between, np.broadcast_to(between[:1], between.shape))
    assert len({tuple(row) for row in between[0].T}) > 1
