"""A trained network for inference: token ids to probabilities, from the weights as they were kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tuner.data.vocabulary import UNKNOWN_ID
from tuner.export.layers import RecurrentLayer, WordLayer, constant, in_order
from tuner.models.head import head
from tuner.models.network_spec import Network


class InferenceNetwork(tf.Module):
    """The network of ``tuner.models`` without what only training needs.

    Args:
        network: the architecture.
        weights: float32 arrays in the order of ``tuner.models.weights``.
    """

    def __init__(self, network: Network, weights: Sequence[NDArray[np.float32]]) -> None:
        """Lays the weights out for inference."""
        super().__init__()
        self._network = network
        remaining = iter(weights)
        self._table = None if network.one_hot else constant(next(remaining))
        self._layers = []
        for depth in range(network.layers):
            one_hot = network.one_hot and depth == 0
            self._layers.append(
                RecurrentLayer(network, remaining, one_hot=one_hot)
                if network.recurrent
                else WordLayer(remaining, one_hot=one_hot)
            )
        self._query = constant(next(remaining)) if network.pooling == "attention" else None
        self._head = [constant(weight) for weight in remaining]

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
        known = tf.transpose(tf.where((tokens >= 0) & (tokens < network.vocabulary), tokens, UNKNOWN_ID))
        directions = [] if self._table is None else [tf.gather(self._table, known)]
        for layer in self._layers:
            sequence = tf.concat(in_order(directions, lengths), -1) if directions else None
            directions = layer.directions(sequence, known, lengths)
        outputs, _ = head(_pool(network.pooling, directions, lengths, self._query), self._head, network)
        return outputs

    def probabilities(self, tokens: Any, lengths: Any) -> tuple[Any, Any]:
        """Return the class of each text, int32 ``[batch]``, and float32 ``[batch, classes]``, rows of which add up to 1."""
        outputs = self.logits(tokens, lengths)
        if self._network.outputs == 1:
            chosen = tf.cast(outputs[:, 0] > 0.0, tf.int32)
            return chosen, tf.concat([tf.sigmoid(-outputs), tf.sigmoid(outputs)], 1)
        return tf.argmax(outputs, 1, output_type=tf.int32), tf.nn.softmax(outputs)


def _pool(kind: str, directions: list[Any], lengths: Any, query: Any) -> Any:
    """``[time, batch, units]`` of each direction to ``[batch, width]``; a reversed text lies on the same steps."""
    if kind == "attention":
        directions = in_order(directions, lengths)
    states = tf.concat(directions, -1)
    if kind == "last":
        return tf.gather_nd(states, tf.stack([lengths - 1, tf.range(tf.shape(lengths)[0])], 1))
    valid = tf.transpose(tf.sequence_mask(lengths, tf.shape(states)[0]))[:, :, None]
    if kind == "mean":
        return tf.reduce_sum(tf.where(valid, states, 0.0), 0) / tf.cast(lengths, tf.float32)[:, None]
    if kind == "max":
        return tf.reduce_max(tf.where(valid, states, states.dtype.min), 0)
    shares = tf.nn.softmax(tf.where(valid, tf.tensordot(states, query, 1), states.dtype.min), 0)
    return tf.reduce_sum(tf.where(valid, states * shares, 0.0), 0)
