"""The Keras model of a network: plain Keras layers that own the variables, train on a GPU, and are what is exported."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from tuner.models.cells import CELLS
from tuner.models.network_layers import NORM_EPSILON, NORM_MOMENTUM, DropoutMasks
from tuner.models.network_spec import Network
from tuner.models.weights import Weight


def initial_values(weights: Sequence[Weight], *, seed: int, vectors: NDArray[np.float32] | None = None) -> list[Any]:
    """Fresh values of weights, float32 in their shapes.

    Args:
        weights: what they are of.
        seed: non-negative; each weight draws from a generator of its own, spawned from it.
        vectors: float32 ``[at least vocabulary, embedding]``: the embedding table begins as these rows.
    """
    seeds = np.random.SeedSequence(seed).generate_state(len(weights), np.uint32)
    return [
        vectors[: weight.shape[0]]
        if weight.role == "embeddings" and vectors is not None
        else _initial(weight, int(seed_of_weight) & 0x7FFFFFFF)
        for weight, seed_of_weight in zip(weights, seeds, strict=True)
    ]


def _initial(weight: Weight, seed: int) -> Any:
    """Keras' own default by the role of a weight, with a seed."""
    match weight.role:
        case "embeddings":
            return keras.initializers.RandomUniform(-0.05, 0.05, seed=seed)(weight.shape)
        case "recurrent_kernel":
            return keras.initializers.Orthogonal(seed=seed)(weight.shape)
        case "kernel":
            return keras.initializers.GlorotUniform(seed=seed)(weight.shape)
        case "gamma" | "moving_variance":
            return np.ones(weight.shape, np.float32)
        case "bias":
            parts = np.repeat(np.array(weight.initial, np.float32), weight.shape[-1] // len(weight.initial))
            return np.broadcast_to(parts, weight.shape)
        case "beta" | "moving_mean":
            return np.zeros(weight.shape, np.float32)


Layers = dict[str, Any]
"""Keras layers by name."""

_UNKNOWN = 1
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
    name, new_layer = _name(network, depth), CELLS[network.cell].implementation().KERAS_LAYER
    layer = new_layer(
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


def build_model(network: Network) -> keras.Model:
    """A functional model from token ids to logits.

    Inputs: int32 ``[batch, time]``, right-padded with 0; ids beyond the network's vocabulary count as unknown (1).
    Outputs: float32 ``[batch, outputs]``, before sigmoid or softmax.

    ``model.weights`` are ordered as the data flow, see ``tuner.models.weights``. ``tuner.models.forward`` relies on that order.
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    layers = new_layers(network)
    features = pooled_features(layers, network, tokens, ops.not_equal(tokens, 0))
    return keras.Model(tokens, _head(network, features), name="classifier")


def layers_of(model: keras.Model) -> Layers:
    """The layers of a built model by name."""
    return {layer.name: layer for layer in model.layers}


def _head(network: Network, features: Any) -> Any:
    for index, units in enumerate((*network.hidden, network.outputs)):
        is_hidden = index < len(network.hidden)
        if network.batch_norm:
            features = keras.layers.BatchNormalization(
                momentum=NORM_MOMENTUM, epsilon=NORM_EPSILON, name=f"batch_norm_{index}"
            )(features)
        name, activation = (f"dense_{index}", "relu") if is_hidden else ("logits", None)
        features = keras.layers.Dense(units, activation=activation, name=name)(features)
    return features
