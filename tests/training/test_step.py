"""What a training step adds to the recurrence: penalties, batch normalisation, word dropout, batches by a budget of tokens."""

import numpy as np
import pytest

from search_spaces import TrialConfig
from tuner.data.batches import Batch

pytestmark = pytest.mark.tensorflow

LENGTHS = np.array([2, 5, 3, 1], np.int32)
SMALL = {"cell": "none", "pooling": "mean", "embedding": 3, "vocabulary": 12, "dropout": 0.0, "gradient_clip_norm": 0.0}


@pytest.fixture(autouse=True)
def no_tracing():
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def batch(fill=0):
    """Four texts, and so many rows that only fill up."""
    tokens = np.random.default_rng(0).integers(2, 12, (4, 5)) * (np.arange(5) < LENGTHS[:, None])
    filler = np.zeros((fill, 5), np.int64)
    filler[:, 0] = 1
    return Batch(
        np.concatenate([tokens, filler]).astype(np.int32),
        np.concatenate([LENGTHS, np.ones(fill, np.int32)]),
        np.concatenate([[0, 1, 1, 0], np.zeros(fill, int)]).astype(np.int32),
        np.concatenate([np.ones(4), np.zeros(fill)]).astype(np.float32),
    )


def weights_after_a_step(config, *, fill=0, steps=1):
    from tuner.models.network_spec import network_of
    from tuner.training.optimizers import OptimizerParams
    from tuner.training.program import Program
    from tuner.training.program_key import ProgramKey, StepInputs

    network = network_of(config, vocabulary_size=12, classes=2)
    program = Program(ProgramKey.of(config, network, compiled=False))
    program.start(seed=3, params=OptimizerParams.of(config))
    before = program.weights()
    for step in range(steps):
        program.train(batch(fill), StepInputs.of(config, np.ones(2, np.int64)), (1, step))
    return program, before, program.weights()


def test_penalties_are_on_matrices_as_keras_has_them():
    """One step of plain sgd: what the penalties add to it is the rate times their gradient."""
    sgd = {**SMALL, "optimizer": "sgd", "learning_rate": 0.5}
    _, before, plain = weights_after_a_step(TrialConfig(**sgd))
    _, _, penalised = weights_after_a_step(TrialConfig(**sgd, l1=0.01, l2=0.1))
    table, kernel, bias = (one - other for one, other in zip(plain, penalised, strict=True))
    for moved, weight in ((table, before[0]), (kernel, before[1])):
        np.testing.assert_allclose(moved, 0.5 * (0.01 * np.sign(weight) + 0.2 * weight), atol=1e-6)
    np.testing.assert_array_equal(bias, 0.0)


def test_batch_normalisation_is_keras_layer_while_training_and_its_statistics_move():
    import keras

    from tuner.models.network_layers import NORM_EPSILON, NORM_MOMENTUM

    config = TrialConfig(**SMALL, batch_norm=True)
    program, before, after = weights_after_a_step(config)
    texts = batch()
    features = np.stack([before[0][row[:length]].mean(0) for row, length in zip(texts.tokens, LENGTHS, strict=True)])
    layer = keras.layers.BatchNormalization(momentum=NORM_MOMENTUM, epsilon=NORM_EPSILON)
    layer(features, training=True)
    np.testing.assert_allclose(after[3], layer.moving_mean.numpy(), atol=1e-7)
    np.testing.assert_allclose(after[4], layer.moving_variance.numpy(), atol=1e-6)
    assert np.abs(after[3]).max() > 0
    assert len(program.weights_bytes()) > 0


def test_rows_that_fill_up_a_batch_change_nothing():
    config = TrialConfig(**SMALL, batch_norm=True, dense_units=4)
    (_, _, plain), (_, _, filled) = weights_after_a_step(config), weights_after_a_step(config, fill=3)
    for one, other in zip(plain, filled, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_frozen_vectors_stay_and_trained_ones_move():
    from tuner.models.network_spec import network_of
    from tuner.training.optimizers import OptimizerParams
    from tuner.training.program import Program
    from tuner.training.program_key import ProgramKey, StepInputs

    vectors = np.random.default_rng(2).normal(size=(20, 6)).astype(np.float32)
    for kind in ("frozen", "trained"):
        config = TrialConfig(**{**SMALL, "embedding": 16, "vectors": kind})
        network = network_of(config, vocabulary_size=20, classes=2, vectors_width=6)
        program = Program(ProgramKey.of(config, network, compiled=False), vectors)
        program.start(seed=0, params=OptimizerParams.of(config))
        np.testing.assert_array_equal(program.weights()[0], vectors[:12])
        program.train(batch(), StepInputs.of(config, np.ones(2, np.int64)), (0, 0))
        assert np.array_equal(program.weights()[0], vectors[:12]) == (kind == "frozen")


def test_word_dropout_drops_a_feature_of_all_words_of_a_text_and_leaves_the_other_masks_alone():
    from tuner.models.network_layers import draw_masks
    from tuner.models.network_spec import Network

    network = Network("gru", 2, 4, 50, 20, False, "max", 3, 2)
    plain = draw_masks(network, 30, [1, 2], rate=0.5)
    masks = draw_masks(network, 30, [1, 2], rate=0.5, embedding_rate=0.2)
    assert plain.embedding is None
    assert masks.embedding.shape == (50, 30)
    assert np.mean(masks.embedding == 0.0) == pytest.approx(0.2, abs=0.03)
    for one, other in zip((*plain.between, *plain.head), (*masks.between, *masks.head), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_changes_only_numbers_shares_a_program():
    from tuner.models.network_spec import network_of
    from tuner.training.program_key import ProgramKey

    def key(**changes):
        config = TrialConfig(**changes)
        network = network_of(config, vocabulary_size=100, classes=2, vectors_width=6)
        return ProgramKey.of(config, network, compiled=True)

    common = {"optimizer": "adamw", "l1": 0.1, "embedding_dropout": 0.1}
    others = {"weight_decay": 0.2, "l1": 0.3, "l2": 0.1, "embedding_dropout": 0.5, "dropout": 0.5, "learning_rate": 0.1}
    assert key(**common) == key(**{**common, **others, "gradient_clip_norm": 9.0})
    assert key(optimizer="sgd", momentum=0.5) == key(optimizer="sgd", momentum=0.9)
    assert key(batch_tokens=1_000) == key(batch_tokens=2_000)
    assert key(cell="none") == key(cell="none", bidirectional=False)
    assert key(dense_units=8, dense_layers=0) == key()
    different = [key(), key(batch_norm=True), key(optimizer="sgd"), key(optimizer="sgd", momentum=0.5), key(l2=0.1)]
    different.append(key(gradient_clip_norm=0.0))
    assert len(set(different)) == len(different)
