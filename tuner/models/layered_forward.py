"""The network as its Keras layers with dropout between them: what a training step on a GPU runs, for cuDNN's kernels."""

from typing import Any

import tensorflow as tf

from tuner.models.forward import dropout_masks
from tuner.models.keras_model import pool
from tuner.models.network_spec import Network


def logits(
    model: Any, tokens: Any, lengths: Any, network: Network, *, dropout_rate: Any, seed: Any, training: bool
) -> Any:
    """What ``tuner.models.forward.logits`` gives, arguments and dropout masks alike, by the layers of the Keras model.

    Args:
        model: from ``build_model(network)``.
    """
    widths = [network.units * network.directions] * network.layers + [network.dense_units] * bool(network.dense_units)
    masks = iter(dropout_masks(widths, tf.shape(tokens)[0], dropout_rate, seed) if training else ())
    present = tf.sequence_mask(lengths, tf.shape(tokens)[1])
    states = model.get_layer("embedding")(tf.where(tokens < network.vocabulary, tokens, 1))
    prefix = "bidirectional" if network.bidirectional else network.cell
    for depth in range(network.layers):
        if training and depth > 0:
            states *= tf.transpose(next(masks))[:, None, :]
        states = model.get_layer(f"{prefix}_{depth}")(states, mask=present)
    features = pool(network, states, present)
    for name in ("dense", "logits") if network.dense_units else ("logits",):
        if training:
            features *= tf.transpose(next(masks))
        features = model.get_layer(name)(features)
    return features
