"""A network below its head as Keras layers: to build the model from them, and to train with dropout between them."""

from typing import Any

import keras
from keras import ops

from tuner.models.dropout import DropoutMasks
from tuner.models.network_spec import Network

Layers = dict[str, Any]
"""Keras layers by name."""

_UNKNOWN = 1
_CELLS = {
    "simple_rnn": keras.layers.SimpleRNN,
    "elman": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}
# Far below any state of a cell, any word vector and any score, and still finite: infinities times a zero mask would give NaN.
_BELOW_ALL_STATES = -1e9


def new_layers(network: Network) -> Layers:
    """Fresh layers of the network, without those of the head."""
    layers: list[Any] = []
    if not network.one_hot:
        trainable = network.vectors != "frozen"
        layers.append(
            keras.layers.Embedding(network.vocabulary, network.embedding, trainable=trainable, name="embedding")
        )
    for depth in range(network.layers):
        if not network.recurrent:
            layers.append(keras.layers.Dense(network.units, activation="relu", name=_name(network, depth)))
            continue
        layers.append(_recurrent_layer(network, depth))
        if network.projection:
            names = [f"projection_{depth}_{direction}" for direction in range(network.directions)]
            layers += [keras.layers.Dense(network.units, name=name) for name in names]
    if network.pooling == "attention":
        layers.append(keras.layers.Dense(1, use_bias=False, name="attention"))
    return {layer.name: layer for layer in layers}


def _name(network: Network, depth: int) -> str:
    return f"{'bidirectional' if network.bidirectional else network.cell}_{depth}"


def _ends_in_a_state(network: Network, depth: int) -> bool:
    """Whether all that is read of a layer is the state that each direction ends in."""
    is_top = depth == network.layers - 1
    return is_top and network.pooling == "last" and not (network.residual or network.projection)


def _recurrent_layer(network: Network, depth: int) -> Any:
    name = _name(network, depth)
    layer = _CELLS[network.cell](
        network.units,
        activation=network.activation,
        return_sequences=not _ends_in_a_state(network, depth),
        name=f"{network.cell}_{depth}",
    )
    return keras.layers.Bidirectional(layer, name=name) if network.bidirectional else layer


def pooled_features(
    layers: Layers, network: Network, tokens: Any, present: Any, masks: DropoutMasks | None = None
) -> Any:
    """``tuner.models.forward.pooled_features`` by Keras layers, of tensors or of symbols.

    Args:
        layers: of `new_layers`, or of a model that was built from them.
        network: the architecture.
        tokens: int32 ``[batch, time]``, padded with 0 on the right.
        present: bool ``[batch, time]``, where there is a token.
        masks: for dropout.
    """
    known = ops.where(ops.less(tokens, network.vocabulary), tokens, _UNKNOWN)
    states = ops.one_hot(known, network.vocabulary) if network.one_hot else layers["embedding"](known)
    if masks is not None and masks.embedding is not None:
        states *= _every_word(masks.embedding)
    for depth in range(network.layers):
        if masks is not None and depth > 0:
            states *= _every_word(masks.between[depth - 1])
        inputs, layer = states, layers[_name(network, depth)]
        states = layer(inputs, mask=present) if network.recurrent else layer(inputs)
        if network.projection:
            parts = enumerate(ops.split(states, network.directions, axis=-1))
            projected = [layers[f"projection_{depth}_{number}"](part) for number, part in parts]
            states = ops.concatenate(projected, axis=-1)
        if network.residual:
            states = ops.add(inputs, states)
    if network.layers and _ends_in_a_state(network, network.layers - 1) and network.recurrent:
        return states
    return _pool(layers, network, states, present)


def _every_word(mask: Any) -> Any:
    """A mask ``[features, batch]`` for states ``[batch, time, features]``."""
    return ops.expand_dims(ops.transpose(mask), 1)


def _pool(layers: Layers, network: Network, states: Any, present: Any) -> Any:
    """``[batch, time, width]`` to ``[batch, width]`` over the words that are there."""
    weights = ops.expand_dims(ops.cast(present, "float32"), -1)
    if network.pooling == "mean":
        return ops.sum(states * weights, axis=1) / ops.sum(weights, axis=1)
    if network.pooling == "max":
        return ops.max(ops.where(ops.expand_dims(present, -1), states, _BELOW_ALL_STATES), axis=1)
    if network.pooling == "attention":
        scores = ops.where(ops.expand_dims(present, -1), layers["attention"](states), _BELOW_ALL_STATES)
        return ops.sum(states * ops.softmax(scores, axis=1), axis=1)
    is_last = ops.equal(ops.cumsum(weights, axis=1), ops.sum(weights, axis=1, keepdims=True))
    at_end = ops.cast(is_last, "float32") * weights
    forward, *backward = ops.split(states, network.directions, axis=-1)
    return ops.concatenate([ops.sum(forward * at_end, axis=1), *(part[:, 0] for part in backward)], axis=-1)
