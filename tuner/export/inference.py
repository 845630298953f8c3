"""A trained network for inference: token ids to probabilities, from the weights as they were kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tuner.data.vocabulary import UNKNOWN_ID
from tuner.export.recurrence import recurrent_layer
from tuner.models.network_spec import Network


class InferenceNetwork(tf.Module):
    """The network of ``tuner.models`` without what only training needs.

    Args:
        network: the architecture.
        weights: float32 arrays in the order of the Keras model's ``trainable_variables``.
    """

    def __init__(self, network: Network, weights: Sequence[NDArray[np.float32]]) -> None:
        """Lays the weights out for inference."""
        super().__init__()
        self._network = network
        remaining = iter(weights)
        self._table = tf.Variable(next(remaining), trainable=False)
        self._layers = [
            recurrent_layer(network.cell, [[next(remaining) for _ in range(3)] for _ in range(network.directions)])
            for _ in range(network.layers)
        ]
        self._dense = [tf.Variable(weight, trainable=False) for weight in remaining]

    def logits(self, tokens: Any, lengths: Any) -> Any:
        """What the Keras model gives.

        Args:
            tokens: int32 ``[batch, time]``, padded with 0 on the right, time at least 1; ids that the network does not
                know count as unknown.
            lengths: int32 ``[batch]``, tokens in each row, at least 1.

        Returns:
            float32 ``[batch, outputs]``.
        """
        network = self._network
        known = tf.where((tokens >= 0) & (tokens < network.vocabulary), tokens, UNKNOWN_ID)
        sequence = tf.gather(self._table, tf.transpose(known))
        states = None
        for layer in self._layers:
            if states is not None:
                sequence = tf.concat(_in_text_order(states, lengths), -1)
            # Backwards means over the reversed text; padding stays behind, so that no mask is needed in the loop.
            directions = [sequence, tf.reverse_sequence(sequence, lengths, 0, 1)][: network.directions]
            states = layer.states(tf.stack(directions))
        features = _pool(network.pooling, tf.concat(tf.unstack(states), -1), lengths)
        if network.dense_units:
            features = tf.nn.relu(features @ self._dense[0] + self._dense[1])
        return features @ self._dense[-2] + self._dense[-1]

    def probabilities(self, tokens: Any, lengths: Any) -> tuple[Any, Any]:
        """Return the class of each text, int32 ``[batch]``, and float32 ``[batch, classes]``, rows of which add up to 1."""
        outputs = self.logits(tokens, lengths)
        if self._network.outputs == 1:
            chosen = tf.cast(outputs[:, 0] > 0.0, tf.int32)
            return chosen, tf.concat([tf.sigmoid(-outputs), tf.sigmoid(outputs)], 1)
        return tf.argmax(outputs, 1, output_type=tf.int32), tf.nn.softmax(outputs)


def _in_text_order(states: Any, lengths: Any) -> list[Any]:
    forward, *backward = tf.unstack(states)
    return [forward, *(tf.reverse_sequence(direction, lengths, 0, 1) for direction in backward)]


def _pool(kind: str, states: Any, lengths: Any) -> Any:
    """``[time, batch, width]`` to ``[batch, width]`` over each row's tokens; a reversed text lies on the same steps."""
    if kind == "last":
        return tf.gather_nd(states, tf.stack([lengths - 1, tf.range(tf.shape(lengths)[0])], 1))
    valid = tf.transpose(tf.sequence_mask(lengths, tf.shape(states)[0]))[:, :, None]
    if kind == "mean":
        return tf.reduce_sum(tf.where(valid, states, 0.0), 0) / tf.cast(lengths, tf.float32)[:, None]
    return tf.reduce_max(tf.where(valid, states, states.dtype.min), 0)
