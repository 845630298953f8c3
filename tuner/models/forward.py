"""The network as a pure function of its weights: what a training step on the CPU runs in place of the Keras layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from tuner.models.network_layers import DropoutMasks, head, pool
from tuner.models.network_spec import Network
from tuner.models.recurrence import recur
from tuner.models.weights import count_of_head

_UNKNOWN = 1


def logits(
    weights: Sequence[Any], tokens: Any, lengths: Any, network: Network, masks: DropoutMasks | None = None
) -> Any:
    """Return what the Keras model of ``network`` returns, with dropout where masks are given.

    Args:
        weights: all of them, as ``tuner.models.weights`` orders them.
        tokens: int32 ``[batch, time]``, padded with 0 on the right; ids beyond the vocabulary count as unknown (1).
        lengths: int32 ``[batch]``, tokens in each row, at least 1.
        masks: of `tuner.models.network_layers`.

    Returns:
        float32 ``[batch, outputs]``, before sigmoid or softmax.
    """
    weights = [tf.convert_to_tensor(weight) for weight in weights]
    features = pooled_features(weights, tokens, lengths, network, masks)
    outputs, _ = head(features, weights[-count_of_head(network) :], network, masks=masks.head if masks else ())
    return outputs


def pooled_features(
    weights: Sequence[Any],
    tokens: Any,
    lengths: Any,
    network: Network,
    masks: DropoutMasks | None = None,
    steps: Any = None,
    *,
    compiled: bool = False,
) -> Any:
    """Return the network without its head: float32 ``[batch, width]``.

    Arguments as for `logits`; ``steps``, a scalar int, says from where on all rows are padding, None that it is not known, and
    ``compiled`` that XLA will compile this.
    """
    remaining = iter(weights)
    known = tf.transpose(tf.where(tokens < network.vocabulary, tokens, _UNKNOWN))
    directions = [] if network.one_hot else [_rows(next(remaining), known)]
    if masks is not None and masks.embedding is not None:
        directions = [directions[0] * masks.embedding]
    for depth in range(network.layers):
        states = tf.concat(directions, 1) if len(directions) > 1 else directions[0] if directions else None
        if masks is not None and depth > 0:
            states *= masks.between[depth - 1]
        if network.recurrent:
            directions = _recurrent_layer(network, remaining, states, known, lengths, steps, compiled)
        else:
            directions = [tf.nn.relu(_dense(next(remaining), next(remaining), states, known))]
    query = next(remaining) if network.pooling == "attention" else None
    return pool(network.pooling, directions, lengths, query=query)


def _recurrent_layer(
    network: Network, weights: Iterator[Any], states: Any, known: Any, lengths: Any, steps: Any, compiled: bool
) -> list[Any]:
    """Both directions of a layer; ``states`` is None where it reads one-hot words."""
    inputs, of_directions = [], []
    for _ in range(network.directions):
        kernel, recurrent_kernel, bias = (next(weights) for _ in range(3))
        inputs.append(_rows(kernel, known) if states is None else states)
        of_directions.append([None if states is None else kernel, recurrent_kernel, bias])
    backwards = (False, True)[: network.directions]
    directions = []
    for part in [slice(None)] if compiled else [slice(number, number + 1) for number in range(network.directions)]:
        directions += recur(
            network.cell,
            inputs[part],
            of_directions[part],
            backwards=backwards[part],
            activation=network.activation,
            lengths=lengths,
            steps=steps,
        )
    if network.projection:
        directions = [_dense(next(weights), next(weights), outputs, known) for outputs in directions]
    if network.residual:
        halves = tf.split(states, len(directions), 1)
        directions = [outputs + half for outputs, half in zip(directions, halves, strict=True)]
    return directions


def _dense(kernel: Any, bias: Any, states: Any, known: Any) -> Any:
    """A dense layer a word, ``[time, features, batch]`` to ``[time, units, batch]``; ``states`` None: one-hot words."""
    if states is None:
        return _rows(kernel, known) + bias[:, None]
    # One product over all words: feature by feature, its gradient would be a sum over as many products as there are steps.
    return tf.transpose(tf.tensordot(tf.transpose(states, [0, 2, 1]), kernel, 1) + bias, [0, 2, 1])


def _rows(table: Any, known: Any) -> Any:
    """The rows of a table or kernel for ``known`` ``[time, batch]``, as ``[time, columns, batch]``."""
    return tf.transpose(_look_up(table, known), [0, 2, 1])


@tf.custom_gradient
def _look_up(table: Any, tokens: Any) -> tuple[Any, Any]:
    """Return rows of ``table`` ``[vocabulary, embedding]`` for ``tokens`` of any shape.

    The gradient is dense: optimizers then treat the table like every other weight, and XLA adds up 16,000 rows in
    0.2 to 0.6 ms, where sorting them first takes 10 to 100 ms and a one-hot product 20 ms upwards.
    """

    def gradient(upstream: Any) -> tuple[Any, None]:
        rows = tf.reshape(upstream, [-1, table.shape[1]])
        return tf.math.unsorted_segment_sum(rows, tf.reshape(tokens, [-1]), table.shape[0]), None

    return tf.gather(table, tokens), gradient
