"""The Keras model of a network: plain Keras layers that own the variables, train on a GPU, and are what is exported."""

from typing import Any

import keras
from keras import ops

from tuner.models.head import NORM_EPSILON, NORM_MOMENTUM
from tuner.models.keras_layers import Layers, new_layers, pooled_features
from tuner.models.network_spec import Network


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
