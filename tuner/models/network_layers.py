"""The parts of a network beside its recurrence: dropout, pooling, head.

One dropout mask a row serves all of its words (Gal and Ghahramani 2016): on the word vectors, between stacked layers, and
before every dense layer of the head.

The backward pass through time needs every state, so they are all there when they are pooled. To pool within the loop instead
was measured in processor time of a training step (XLA, batch 64, one direction): nothing for mean and max, which cost what
"last" costs; for attention by an online softmax 7 to 10 % (GRU 32 and 100, LSTM 100) or nothing (LSTM 32). It cannot be had
where two directions share one softmax, as here, for their loops run apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from tuner.data.vocabulary import PADDING_ID, UNKNOWN_ID
from tuner.models.network_spec import Network
from tuner.models.recurrence import length_of, valid_steps

NORM_EPSILON = 1e-3
NORM_MOMENTUM = 0.9
"""Share of the moving statistics that a step keeps. Keras' 0.99 would take longer to get there than many a trial trains."""


def head(
    features: Any, weights: Sequence[Any], network: Network, *, masks: Sequence[Any] = (), row_weights: Any = None
) -> tuple[Any, list[Any]]:
    """Return the logits and, while training, the moving statistics after this step.

    Batch normalisation (Ioffe and Szegedy 2015) takes the statistics of the batch while training and the moving ones after
    that. It comes before dropout: what is dropped would change the variance (Li et al. 2019).

    Args:
        features: float32 ``[batch, width]``.
        weights: of the head, as ``tuner.models.weights`` orders them.
        masks: dropout masks ``[width, batch]``, one a dense layer, or none of them.
        row_weights: float32 ``[batch]`` while training, 0 for rows that only fill up the batch: they are in no statistic.

    Returns:
        float32 ``[batch, outputs]``, before sigmoid or softmax, and moving mean and variance of each normalisation in order,
        an empty list where ``row_weights`` is None.
    """
    remaining = iter(weights)
    statistics: list[Any] = []
    for index in range(len(network.hidden) + 1):
        if network.batch_norm:
            gamma, beta, *moving = (next(remaining) for _ in range(4))
            mean, variance = moving if row_weights is None else _moments(features, row_weights)
            if row_weights is not None:
                pairs = zip(moving, (mean, variance), strict=True)
                statistics += [NORM_MOMENTUM * old + (1.0 - NORM_MOMENTUM) * new for old, new in pairs]
            features = (features - mean) * (gamma * tf.math.rsqrt(variance + NORM_EPSILON)) + beta
        if masks:
            features *= tf.transpose(masks[index])
        features = features @ next(remaining) + next(remaining)
        if index < len(network.hidden):
            features = tf.nn.relu(features)
    return features, statistics


def _moments(features: Any, row_weights: Any) -> tuple[Any, Any]:
    """Mean and variance ``[width]`` over the rows, each with its weight."""
    shares = (row_weights / tf.reduce_sum(row_weights))[:, None]
    mean = tf.reduce_sum(features * shares, 0)
    return mean, tf.reduce_sum(tf.square(features - mean) * shares, 0)


# Added to the step's number in a seed, which stays far below: word vectors and words have random numbers of their own.
_OF_EMBEDDINGS, _OF_WORDS = 1 << 30, 1 << 29


class DropoutMasks(NamedTuple):
    """Masks ``[features, batch]`` of 0 and 1 / (1 - rate).

    Attributes:
        embedding: for the word vectors, None where nothing of them is dropped.
        between: for the inputs of every layer but the first.
        head: for the inputs of every dense layer.
    """

    embedding: Any
    between: tuple[Any, ...]
    head: tuple[Any, ...]


def draw_masks(network: Network, batch: Any, seed: Any, *, rate: Any, embedding_rate: Any = None) -> DropoutMasks:
    """Draw the masks of one training step.

    Args:
        batch: rows.
        seed: int32 ``[2]``; the same seed gives the same masks.
        rate: scalar float in [0, 1) between layers and in the head; a tensor, so that one compiled program serves every
            rate. 0 changes nothing.
        embedding_rate: likewise on the word vectors; None leaves that dropout out of the program.
    """
    between = max(network.layers - 1, 0)
    masks = _masks([network.width] * (between + 1) + list(network.hidden), batch, rate, seed)
    embedding = None
    if embedding_rate is not None:
        (embedding,) = _masks([network.embedding], batch, embedding_rate, seed + tf.constant([0, _OF_EMBEDDINGS]))
    return DropoutMasks(embedding, tuple(masks[:between]), tuple(masks[between:]))


def drop_words(tokens: Any, seed: Any, *, rate: Any) -> Any:
    """Return the tokens with each word unknown at this rate; padding stays (Iyyer et al. 2015, Deep Unordered Composition).

    Args:
        tokens: int32 ``[batch, time]``.
        seed: int32 ``[2]``, as in `draw_masks`.
        rate: scalar float in [0, 1).
    """
    dropped = _uniform(tf.shape(tokens), seed + tf.constant([0, _OF_WORDS])) < rate
    return tf.where(dropped & (tokens != PADDING_ID), UNKNOWN_ID, tokens)


def _masks(widths: list[int], batch: Any, rate: Any, seed: Any) -> list[Any]:
    """Return a mask ``[width, batch]`` for every width, from one draw of random numbers."""
    kept = tf.cast(_uniform([sum(widths), batch], seed) >= rate, tf.float32) / (1.0 - rate)
    return list(tf.split(kept, widths, 0))


def _uniform(shape: Any, seed: Any) -> Any:
    """Return random numbers in [0, 1), the same in compiled and plain graphs.

    They are made of bits, which come out the same in both; TensorFlow makes floats of them in two ways.
    """
    bits = tf.random.stateless_uniform(shape, seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox")
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) * 2.0**-24


# Far below any score and still finite: of a masked step nothing is left after the exponential, and no NaN comes of it.
_BELOW_ALL_SCORES = -1e9


def pool(kind: str, directions: Sequence[Any], lengths: Any, *, query: Any = None) -> Any:
    """Reduce the states of each row's valid steps to one vector.

    Args:
        kind: "mean", "max", "last" (the state a direction ends in: at the row's end forwards, at its start backwards), or
            "attention": the mean by weights that are the softmax, over the row's steps, of the states' product with
            ``query``.
        directions: the states forwards and, where there are two directions, backwards: float32 ``[time, units, batch]``.
        lengths: int ``[batch]``, each at least 1.
        query: float32 ``[all directions' units, 1]`` for attention.

    Returns:
        float32 ``[batch, all directions' units]``, those of the backward direction last.

    Raises:
        ValueError: if ``kind`` is not known.
    """
    steps = length_of(directions[0])
    if kind == "last":
        at_end = tf.one_hot(lengths - 1, steps, axis=0)[:, None]
        pooled = [tf.reduce_sum(directions[0] * at_end, 0), *(states[0] for states in directions[1:])]
    elif kind == "mean":
        valid = valid_steps(lengths, steps)
        pooled = [tf.reduce_sum(states * valid, 0) / tf.cast(lengths, tf.float32) for states in directions]
    elif kind == "max":
        valid = valid_steps(lengths, steps)
        pooled = [tf.reduce_max(tf.where(valid > 0.0, states, states.dtype.min), 0) for states in directions]
    elif kind == "attention":
        shares = _attention(directions, tf.split(query, len(directions)), valid_steps(lengths, steps))
        pooled = [tf.reduce_sum(states * shares, 0) for states in directions]
    else:
        raise ValueError(f"pooling must be last, mean, max or attention. Received: kind={kind!r}")
    return tf.transpose(tf.concat(pooled, 0))


def _attention(directions: Sequence[Any], queries: Sequence[Any], valid: Any) -> Any:
    """Return ``[time, 1, batch]``: what share each valid step has; both directions of a word are one state."""
    products = [
        tf.reduce_sum(states * query, 1, keepdims=True) for states, query in zip(directions, queries, strict=True)
    ]
    return tf.nn.softmax(tf.where(valid > 0.0, tf.add_n(products), _BELOW_ALL_SCORES), 0)
