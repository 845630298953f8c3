"""A rival in a SavedModel: what ``tuner.rivals.linear_model`` does, from token ids to probabilities, in a graph."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tuner.data.vocabulary import FIRST_WORD_ID
from tuner.models.cells.exported import constant
from tuner.rivals.linear_model import NgramModel


class NgramNetwork(tf.Module):
    """A fitted model of n-grams for inference."""

    def __init__(self, model: NgramModel) -> None:
        super().__init__()
        self._model = model
        self._keys = tf.Variable(model.keys, trainable=False)
        self._weights, self._bias = constant(model.weights), constant(model.bias)
        self._scales = None if model.scales is None else constant(model.scales)

    def probabilities(self, tokens: Any, lengths: Any) -> tuple[Any, Any]:
        """Return the class of each text, int32 ``[batch]``, and float32 ``[batch, classes]``, rows of which add up to 1."""
        scores = self._scores(tokens)
        if len(self._model.bias) == 1:
            return tf.cast(scores[:, 0] > 0.0, tf.int32), tf.concat([tf.sigmoid(-scores), tf.sigmoid(scores)], 1)
        if self._model.one_vs_rest:
            scores = tf.math.log_sigmoid(scores)
        return tf.argmax(scores, 1, output_type=tf.int32), tf.nn.softmax(scores)

    def _scores(self, tokens: Any) -> Any:
        """float32 ``[batch, outputs]``."""
        texts = tf.shape(tokens, out_type=tf.int64)[0]
        rows, features, counts = self._counts(tokens)
        values = (
            tf.ones_like(counts)
            if self._scales is None
            else (1 + tf.math.log(counts)) * tf.gather(self._scales, features)
        )
        norms = tf.sqrt(tf.math.unsorted_segment_sum(values**2, rows, texts))
        sums = tf.math.unsorted_segment_sum(values[:, None] * tf.gather(self._weights, features), rows, texts)
        return tf.math.divide_no_nan(sums, norms[:, None]) + self._bias

    def _counts(self, tokens: Any) -> tuple[Any, Any, Any]:
        """How often each text holds which features: texts and features, int64 ``[entries]``, and counts, float32."""
        longest, base = self._model.longest, self._model.vocabulary_size
        width = tf.shape(tokens)[1]
        known = (tokens >= FIRST_WORD_ID) & (tokens < base)
        ids = tf.pad(tf.where(known, tokens, 0), [[0, 0], [0, longest - 1]])  # with 0, n-grams end where the text does
        row = tf.cast(tf.range(tf.shape(tokens)[0]), tf.int64)[:, None] * tf.ones_like(tokens, tf.int64)
        running, whole = tf.cast(ids[:, :width], tf.int64), ids[:, :width] > 0
        keys, rows = [running[whole]], [row[whole]]
        for place in range(1, longest):
            following = ids[:, place : place + width]
            running, whole = running * base + tf.cast(following, tf.int64), whole & (following > 0)
            keys.append(running[whole])
            rows.append(row[whole])
        key, text = tf.concat(keys, 0), tf.concat(rows, 0)
        last = tf.shape(self._keys, out_type=tf.int64)[0] - 1
        feature = tf.minimum(tf.searchsorted(self._keys, key, out_type=tf.int64), last)
        found = tf.gather(self._keys, feature) == key
        pairs, _, counts = tf.unique_with_counts(text[found] * (last + 1) + feature[found])
        return pairs // (last + 1), pairs % (last + 1), tf.cast(counts, tf.float32)
