"""SavedModels that take raw strings and need no code of ours, and the network for inference that is in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tuner.data.vocabulary import PADDING_ID, UNKNOWN_ID
from tuner.export.layers import RecurrentLayer, WordLayer, in_order
from tuner.export.text_graph import TextGraph
from tuner.export.trained import TrainedModel
from tuner.models.cells.exported import constant
from tuner.models.network_layers import head
from tuner.models.network_spec import Network


class InferenceNetwork(tf.Module):
    """The network of ``tuner.models`` without what only training needs.

    Args:
        weights: float32 arrays in the order of ``tuner.models.weights``.
    """

    def __init__(self, network: Network, weights: Sequence[NDArray[np.float32]]) -> None:
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


class TextClassifier(tf.Module):
    """What a SavedModel holds: text to ids, ids to probabilities, label names."""

    def __init__(self, model: TrainedModel) -> None:
        """Puts the parts together; words that the network does not know are no part of it."""
        super().__init__(name="text_classifier")
        encoder = model.encoder
        self._text = TextGraph(encoder.tokenizer, encoder.vocabulary.cut(model.vocabulary_size), encoder.max_length)
        self._network = model.inference_network()
        self._labels = tf.constant([label.encode() for label in encoder.labels])
        thresholds = model.thresholds
        self._factors = None
        if thresholds is not None and thresholds.are_used:
            self._factors = tf.constant([*thresholds.factors.values()], tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def __call__(self, text: Any) -> dict[str, Any]:
        """Classify raw UTF-8 strings ``[batch]``; as many rows come out as go in, none too."""
        return self._answers(*self._text.ids(text))

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32, name="tokens")], autograph=False)
    def classify_ids(self, tokens: Any) -> dict[str, Any]:
        """Classify token ids ``[batch, time]``, padded with 0 on the right; a row without tokens is the token unknown."""
        width = tf.shape(tokens)[1]
        tokens = tf.pad(tokens, [[0, 0], [0, tf.maximum(0, 1 - width)]])
        found = tf.reduce_sum(tf.cast(tokens != PADDING_ID, tf.int32), 1)
        lengths = tf.maximum(found, 1)
        return self._answers(
            tf.where(tf.sequence_mask(lengths - found, tf.shape(tokens)[1]), UNKNOWN_ID, tokens), lengths
        )

    def _answers(self, tokens: Any, lengths: Any) -> dict[str, Any]:
        label_id, probabilities = self._network.probabilities(tokens, lengths)
        if self._factors is not None:
            label_id = tf.argmax(probabilities * self._factors, 1, output_type=tf.int32)
        return {"label": tf.gather(self._labels, label_id), "label_id": label_id, "probabilities": probabilities}


def write_saved_model(model: TrainedModel, folder: Path) -> None:
    """Writes a SavedModel with the signatures ``serving_default`` (``text``) and ``token_ids`` (``tokens``).

    Both give ``label`` (string), ``label_id`` (int32) and ``probabilities`` (float32 ``[batch, classes]``).
    """
    module = TextClassifier(model)
    signatures = {"serving_default": module.__call__, "token_ids": module.classify_ids}
    # A model for inference: gradients would only make it larger.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(module, str(folder), signatures=signatures, options=options)
