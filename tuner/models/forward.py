"""The network as a pure function of its weights: what a training step on the CPU runs in place of the Keras layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from tuner.models.network_spec import Network
from tuner.models.recurrence import pool, recur

_UNKNOWN = 1


def logits(
    weights: Sequence[Any],
    tokens: Any,
    lengths: Any,
    network: Network,
    *,
    dropout_rate: Any,
    seed: Any,
    training: bool,
) -> Any:
    """Return what the Keras model of ``network`` returns, with dropout while training.

    Dropout sits between stacked layers, with one mask a row for all time steps (Gal and Ghahramani 2016), and before
    every dense layer. There is none on the embeddings: with a handful of features, to lose one is to lose the word.

    Args:
        weights: in the order of the Keras model's ``trainable_variables``.
        tokens: int32 ``[batch, time]``, padded with 0 on the right; ids beyond the vocabulary count as unknown (1).
        lengths: int32 ``[batch]``, tokens in each row, at least 1.
        network: the architecture.
        dropout_rate: scalar float in [0, 1); a tensor, so that one compiled program serves every rate. 0 changes
            nothing.
        seed: int32 ``[2]``; the same seed gives the same masks.
        training: False leaves dropout out.

    Returns:
        float32 ``[batch, outputs]``, before sigmoid or softmax.
    """
    remaining = iter([tf.convert_to_tensor(weight) for weight in weights])
    width = network.units * network.directions
    masks: Iterator[Any] | None = None
    if training:
        widths = [width] * network.layers + [network.dense_units] * (network.dense_units > 0)
        masks = iter(dropout_masks(widths, tf.shape(tokens)[0], dropout_rate, seed))

    known = tf.transpose(tf.where(tokens < network.vocabulary, tokens, _UNKNOWN))
    directions = [tf.transpose(look_up(next(remaining), known), [0, 2, 1])]
    for depth in range(network.layers):
        states = directions[0] if len(directions) == 1 else tf.concat(directions, 1)
        if masks is not None and depth > 0:
            states *= next(masks)
        directions = [
            recur(network.cell, states, [next(remaining) for _ in range(3)], reverse_lengths=reverse_lengths)
            for reverse_lengths in (None, lengths)[: network.directions]
        ]
    features = pool(network.pooling, directions[0], lengths, backward=directions[1] if network.bidirectional else None)
    features = features if masks is None else features * tf.transpose(next(masks))
    if network.dense_units:
        features = tf.nn.relu(features @ next(remaining) + next(remaining))
        features = features if masks is None else features * tf.transpose(next(masks))
    return features @ next(remaining) + next(remaining)


def dropout_masks(widths: list[int], batch: Any, rate: Any, seed: Any) -> list[Any]:
    """Return a ``[width, batch]`` mask of 0 and 1 / (1 - rate) for every width, from one draw of random numbers."""
    # Bits, not floats: those come out the same in compiled and plain graphs, a float is made of them in two ways.
    bits = tf.random.stateless_uniform(
        [sum(widths), batch], seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )
    uniform = tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) * 2.0**-24
    kept = tf.cast(uniform >= rate, tf.float32) / (1.0 - rate)
    return list(tf.split(kept, widths, 0))


@tf.custom_gradient
def look_up(table: Any, tokens: Any) -> tuple[Any, Any]:
    """Return rows of ``table`` ``[vocabulary, embedding]`` for ``tokens`` of any shape.

    The gradient is dense: optimizers then treat the table like every other weight, and XLA adds up 16,000 rows in
    0.2 to 0.6 ms, where sorting them first takes 10 to 100 ms and a one-hot product 20 ms upwards.
    """

    def gradient(upstream: Any) -> tuple[Any, None]:
        rows = tf.reshape(upstream, [-1, table.shape[1]])
        return tf.math.unsorted_segment_sum(rows, tf.reshape(tokens, [-1]), table.shape[0]), None

    return tf.gather(table, tokens), gradient
