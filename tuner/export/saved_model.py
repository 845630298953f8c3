"""SavedModels that take raw strings and need no code of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from tuner.data.vocabulary import PADDING_ID, UNKNOWN_ID
from tuner.export.inference import InferenceNetwork
from tuner.export.own_network import OwnNetwork
from tuner.export.text_graph import TextGraph
from tuner.export.trained import Encoder, TrainedModel, TrainedOwnModel


class TextClassifier(tf.Module):
    """What a SavedModel holds: text to ids, ids to probabilities, label names."""

    def __init__(self, encoder: Encoder, vocabulary: int, network: InferenceNetwork | OwnNetwork) -> None:
        """Puts the parts together.

        Args:
            encoder: of the run.
            vocabulary: token ids that the network knows; the words of others are no part of it.
            network: from ids to probabilities.
        """
        super().__init__(name="text_classifier")
        self._text = TextGraph(encoder.tokenizer, encoder.vocabulary.cut(vocabulary), encoder.max_length)
        self._network = network
        self._labels = tf.constant([label.encode() for label in encoder.labels])

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
        return {"label": tf.gather(self._labels, label_id), "label_id": label_id, "probabilities": probabilities}


def write_saved_model(model: TrainedModel | TrainedOwnModel, folder: Path) -> None:
    """Writes a SavedModel with the signatures ``serving_default`` (``text``) and ``token_ids`` (``tokens``).

    Both give ``label`` (string), ``label_id`` (int32) and ``probabilities`` (float32 ``[batch, classes]``).
    """
    module = _classifier(model)
    signatures = {"serving_default": module.__call__, "token_ids": module.classify_ids}
    # A model for inference: gradients would only make it larger.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(module, str(folder), signatures=signatures, options=options)


def _classifier(model: TrainedModel | TrainedOwnModel) -> TextClassifier:
    if isinstance(model, TrainedOwnModel):
        return TextClassifier(model.encoder, model.facts.vocabulary_size, OwnNetwork(model))
    return TextClassifier(model.encoder, model.network.vocabulary, InferenceNetwork(model.network, model.weights))
