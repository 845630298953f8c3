"""Pooling: the states of a text's words become one vector.

The backward pass through time needs every state, so they are all there when they are pooled. To pool within the loop instead
was measured in processor time of a training step (XLA, batch 64, one direction): nothing for mean and max, which cost what
"last" costs; for attention by an online softmax 7 to 10 % (GRU 32 and 100, LSTM 100) or nothing (LSTM 32). It cannot be had
where two directions share one softmax, as here, for their loops run apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tuner.models.recurrence import length_of, valid_steps

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
