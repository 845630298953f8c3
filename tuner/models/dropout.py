"""Dropout: where it sits and what it drops, the same for the fast recurrence and for the Keras layers.

One mask a row serves all of its words (Gal and Ghahramani 2016): on the word vectors, between stacked layers, and before every
dense layer of the head.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from tuner.models.network_spec import Network

# Added to the step's number in a seed, which stays far below: word vectors have random numbers of their own.
_OF_EMBEDDINGS = 1 << 30


class DropoutMasks(NamedTuple):
    """Masks ``[features, batch]`` of 0 and 1 / (1 - rate).

    Attributes:
        embedding: for the word vectors, None where nothing of them is dropped.
        between: for the inputs of every layer but the first.
        head: for the inputs of every dense layer.
    """

    embedding: Any
    between: tuple[Any, ...]
    head: tuple[Any, ...]


def draw_masks(network: Network, batch: Any, seed: Any, *, rate: Any, embedding_rate: Any = None) -> DropoutMasks:
    """Draw the masks of one training step.

    Args:
        network: the architecture.
        batch: rows.
        seed: int32 ``[2]``; the same seed gives the same masks.
        rate: scalar float in [0, 1) between layers and in the head; a tensor, so that one compiled program serves every
            rate. 0 changes nothing.
        embedding_rate: likewise on the word vectors; None leaves that dropout out of the program.
    """
    between = max(network.layers - 1, 0)
    masks = _masks([network.width] * (between + 1) + list(network.hidden), batch, rate, seed)
    embedding = None
    if embedding_rate is not None:
        (embedding,) = _masks([network.embedding], batch, embedding_rate, seed + tf.constant([0, _OF_EMBEDDINGS]))
    return DropoutMasks(embedding, tuple(masks[:between]), tuple(masks[between:]))


def _masks(widths: list[int], batch: Any, rate: Any, seed: Any) -> list[Any]:
    """Return a mask ``[width, batch]`` for every width, from one draw of random numbers."""
    # Bits, not floats: those come out the same in compiled and plain graphs, a float is made of them in two ways.
    bits = tf.random.stateless_uniform(
        [sum(widths), batch], seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )
    uniform = tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) * 2.0**-24
    kept = tf.cast(uniform >= rate, tf.float32) / (1.0 - rate)
    return list(tf.split(kept, widths, 0))
