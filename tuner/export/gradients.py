"""Which words of a text mattered to a built-in network, by integrated gradients.

Sundararajan et al. 2017, Axiomatic Attribution for Deep Networks (arXiv 1703.01365). They go through the loops that train,
which have a backward pass of their own: in an exported LSTM TensorFlow 2.21's gradient of ``BlockLSTMV2`` is wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from tuner.data.vocabulary import FIRST_WORD_ID, UNKNOWN_ID
from tuner.data.word_spans import word_spans
from tuner.errors import InputError
from tuner.export.explanation import Explanation
from tuner.export.trained import TrainedModel, TrainedNetwork
from tuner.formatting import counted, listed, shown
from tuner.models.forward import logits

_POINTS = (32, 128, 512)
_AT_ONCE = 32
_ERROR = 0.01
_INSTEAD = "give another trial, or export this one and explain the export"
_SMALL = 0.05  # of log-odds that hardly differ, so much is no error


def explain_by_gradients(model: TrainedModel, text: str, class_name: str | None = None) -> Explanation:
    """Explains an answer by the gradient of the log-odds along the line from zero word vectors to those of the text.

    A word's weight is the sum over its vector of ``vector * mean gradient``, by the midpoint rule. The weights add up to what
    the log-odds, log(p / (1 - p)), are more than those of a text of as many zero vectors: to 1 %, or more points are taken.

    Args:
        model: a built-in network with word vectors.
        text: raw.
        class_name: the class to explain, by default the most probable.

    Raises:
        InputError: where it is another model or has no such class, the text has no words, or the sum is not reached.
    """
    if not isinstance(model, TrainedNetwork) or model.network.one_hot:
        raise InputError(
            f"gradients explain built-in networks with word vectors, and this is none; {_INSTEAD}",
            option="trial",
            value=model.trial,
        )
    encoder = model.encoder
    if class_name is not None and class_name not in encoder.labels:
        raise InputError(
            f"the model has no such class; give one of {listed(encoder.labels)}", option="class_name", value=class_name
        )
    spans = word_spans(text, encoder.tokenizer)
    if not spans:
        raise InputError(f"the text {shown(text)} has no word that the model reads; give one with words")
    read = encoder.tokenizer.cut(spans, encoder.max_length)
    words = [" ".join(encoder.tokenizer.tokenize(text[start:end])) for start, end in read]
    known = encoder.vocabulary.cut(model.vocabulary_size).ids
    vectors = model.weights[0][[known.get(word, UNKNOWN_ID) for word in words]]
    line = _Line(model, vectors)
    outputs = line.outputs(np.ones(1))[0]
    predicted = int(outputs[0] > 0) if len(outputs) == 1 else int(outputs.argmax())
    label_id = predicted if class_name is None else encoder.labels.index(class_name)
    weights, difference = line.attributions(label_id)
    total = float(weights.sum())
    notes = [f"the weights add up to {total:+.2f}: so much more are the log-odds than those of a text of zero vectors"]
    if len(read) < len(spans):
        notes.append(f"the model reads {len(read):,} of this text's {counted(len(spans), 'word')}")
    if abs(total - difference) > _allowed(difference):
        raise InputError(
            f"the gradients along {_POINTS[-1]} points add up to {total:.3f} and not to {difference:.3f}; {_INSTEAD}",
            option="trial",
            value=model.trial,
        )
    table = pd.DataFrame(
        {"word": words, "start": [start for start, _ in read], "end": [end for _, end in read], "weight": weights}
    )
    odds = float(_log_odds(tf.constant(outputs[None]), label_id)[0])
    return Explanation(
        text, encoder.labels[predicted], encoder.labels[label_id], 1 / (1 + float(np.exp(-odds))), table, tuple(notes)
    )


class _Line:
    """The network along the line from zero vectors to those of a text: a made-up vocabulary of its words, one row a place."""

    def __init__(self, model: TrainedNetwork, vectors: NDArray[np.float32]) -> None:
        self._rest = [tf.constant(weight) for weight in model.weights[1:]]
        self._vectors, self._network = vectors, model.network

    def _of(self, table: Any, shares: NDArray[np.float64]) -> Any:
        """Outputs of the texts ``shares[i] * vectors``, whose rows the table has one after the other."""
        words, texts = len(self._vectors), len(shares)
        tokens = FIRST_WORD_ID + np.arange(texts * words, dtype=np.int32).reshape(texts, words)
        network = replace(self._network, vocabulary=FIRST_WORD_ID + texts * words)
        return logits([table, *self._rest], tokens, np.full(texts, words, np.int32), network)

    def _table(self, shares: NDArray[np.float64]) -> Any:
        rows = (shares[:, None, None] * self._vectors).reshape(-1, self._vectors.shape[1])
        return tf.constant(np.concatenate([np.zeros((FIRST_WORD_ID, rows.shape[1])), rows]).astype(np.float32))

    def outputs(self, shares: NDArray[np.float64]) -> NDArray[np.float32]:
        """What the network gives, ``[texts, outputs]``."""
        found: NDArray[np.float32] = self._of(self._table(shares), shares).numpy()
        return found

    def attributions(self, label_id: int) -> tuple[NDArray[np.float64], float]:
        """The weight of each word, and what they have to add up to."""
        ends = _log_odds(tf.constant(self.outputs(np.array([0.0, 1.0]))), label_id).numpy()
        difference = float(ends[1] - ends[0])
        weights = np.zeros(len(self._vectors))
        for points in _POINTS:
            total = np.zeros(self._vectors.shape)
            for start in range(0, points, _AT_ONCE):
                shares = (np.arange(start, start + _AT_ONCE) + 0.5) / points
                total += self._gradient(shares, label_id)
            weights = (total / points * self._vectors).sum(axis=1)
            if abs(float(weights.sum()) - difference) <= _allowed(difference):
                break
        return weights, difference

    def _gradient(self, shares: NDArray[np.float64], label_id: int) -> NDArray[np.float64]:
        """Of the log-odds in the vectors, the sum over these texts."""
        table = self._table(shares)
        with tf.GradientTape() as tape:
            tape.watch(table)
            odds = tf.reduce_sum(_log_odds(self._of(table, shares), label_id))
        rows = tape.gradient(odds, table).numpy()[FIRST_WORD_ID:].astype(np.float64)
        found: NDArray[np.float64] = rows.reshape(len(shares), *self._vectors.shape).sum(axis=0)
        return found


def _allowed(difference: float) -> float:
    return _ERROR * max(abs(difference), _SMALL)


def _log_odds(outputs: Any, label_id: int) -> Any:
    """Of a class, ``[texts]``, from a network's outputs."""
    if outputs.shape[1] == 1:
        return outputs[:, 0] if label_id == 1 else -outputs[:, 0]
    others = [number for number in range(outputs.shape[1]) if number != label_id]
    return outputs[:, label_id] - tf.reduce_logsumexp(tf.gather(outputs, others, axis=1), 1)
