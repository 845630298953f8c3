"""The Keras model of a network: plain Keras layers that own the variables, train on a GPU, and are what is exported."""

from typing import Any

import keras
from keras import ops

from tuner.models.network_spec import Network

_CELLS = {"simple_rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
# Far below any state of a cell (they lie in [-1, 1]) and still finite: infinities times a zero mask would give NaN.
_BELOW_ALL_STATES = -1e9


def build_model(network: Network) -> keras.Model:
    """A functional model from token ids to logits.

    Inputs: int32 ``[batch, time]``, right-padded with 0; ids beyond the network's vocabulary count as unknown (1).
    Outputs: float32 ``[batch, outputs]``, before sigmoid or softmax.

    ``model.trainable_variables`` are ordered as the data flow: embedding table; kernel, recurrent kernel and bias of every
    layer and direction; kernel and bias of the dense layers. ``tuner.models.forward`` relies on that order.
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    present = ops.not_equal(tokens, 0)
    known = ops.where(ops.less(tokens, network.vocabulary), tokens, 1)
    states = keras.layers.Embedding(network.vocabulary, network.embedding, name="embedding")(known)
    for depth in range(network.layers):
        is_top = depth == network.layers - 1
        layer = _CELLS[network.cell](
            network.units, return_sequences=not (is_top and network.pooling == "last"), name=f"{network.cell}_{depth}"
        )
        if network.bidirectional:
            layer = keras.layers.Bidirectional(layer, name=f"bidirectional_{depth}")
        states = layer(states, mask=present)
    features = pool(network, states, present)
    if network.dense_units:
        features = keras.layers.Dense(network.dense_units, activation="relu", name="dense")(features)
    logits = keras.layers.Dense(network.outputs, name="logits")(features)
    return keras.Model(tokens, logits, name="classifier")


def pool(network: Network, states: Any, present: Any) -> Any:
    """``[batch, time, width]`` to ``[batch, width]`` over the steps that hold a token."""
    if network.pooling == "last":
        return states
    weights = ops.expand_dims(ops.cast(present, "float32"), -1)
    if network.pooling == "mean":
        return ops.sum(states * weights, axis=1) / ops.sum(weights, axis=1)
    return ops.max(ops.where(ops.expand_dims(present, -1), states, _BELOW_ALL_STATES), axis=1)
