"""The members of an ensemble in one graph: token ids to the weighted mean of their probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tuner.data.vocabulary import UNKNOWN_ID
from tuner.export.trained_ensemble import TrainedEnsemble


class EnsembleNetwork(tf.Module):
    """Reads each text once, by the ids of the ensemble, which it translates for members that have others."""

    def __init__(self, model: TrainedEnsemble) -> None:
        super().__init__()
        self._vocabulary = model.vocabulary_size
        self._members = [member.inference_network() for member in model.members]
        self._weights = list(model.config.members.values())
        # A member that orders words as the ensemble does has the same ids, and takes those it does not know as unknown.
        self._ids = [
            None if member.informative == model.informative else self._table(model.ids_of(member))
            for member in model.members
        ]

    def _table(self, ids: NDArray[np.int32]) -> Any:
        return tf.Variable(ids[: self._vocabulary].astype(np.int64), trainable=False)  # GPUs gather no int32

    def probabilities(self, tokens: Any, lengths: Any) -> tuple[Any, Any]:
        """Return the class of each text, int32 ``[batch]``, and float32 ``[batch, classes]``, rows of which add up to 1."""
        known = tf.where((tokens >= 0) & (tokens < self._vocabulary), tokens, UNKNOWN_ID)
        mean = tf.add_n(
            [
                weight
                * network.probabilities(known if ids is None else tf.cast(tf.gather(ids, known), tf.int32), lengths)[1]
                for network, ids, weight in zip(self._members, self._ids, self._weights, strict=True)
            ]
        )
        return tf.argmax(mean, 1, output_type=tf.int32), mean
