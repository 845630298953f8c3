"""The head: from a pooled text to logits, by dense layers with dropout and batch normalisation before each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tuner.models.network_spec import Network

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
        network: the architecture.
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
