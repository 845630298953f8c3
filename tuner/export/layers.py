"""Layers for inference: fewer, larger operations than what trains, with the same weights and results.

Backwards means over the reversed text; padding stays behind, so that no mask is needed in a loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tuner.models.cells import CELLS
from tuner.models.cells.exported import constant
from tuner.models.network_spec import Network

Arrays = Iterator[NDArray[np.float32]]


class WordLayer(tf.Module):
    """The ReLU layer a word of an mlp; with ``one_hot``, of the word's id."""

    def __init__(self, weights: Arrays, *, one_hot: bool) -> None:
        super().__init__()
        self._one_hot = one_hot
        self._kernel, self._bias = constant(next(weights)), constant(next(weights))

    def directions(self, sequence: Any, known: Any, lengths: Any) -> list[Any]:
        """One direction, in the order of the text; see `RecurrentLayer`."""
        product = tf.gather(self._kernel, known) if self._one_hot else tf.tensordot(sequence, self._kernel, 1)
        return [tf.nn.relu(product + self._bias)]


class RecurrentLayer(tf.Module):
    """A recurrent layer, one direction or both, with what an elman layer has after it."""

    def __init__(self, network: Network, weights: Arrays, *, one_hot: bool) -> None:
        """Takes the weights of the layer; with ``one_hot``, it reads ids."""
        super().__init__()
        self._network = network
        parts = [[next(weights) for _ in range(3)] for _ in range(network.directions)]
        self._tables = [constant(part[0]) for part in parts] if one_hot else []
        if one_hot:
            # A word picks its row of the kernel before the loop, so what the loop multiplies with is the identity.
            parts = [[np.eye(kernel.shape[1], dtype=np.float32), *others] for kernel, *others in parts]
        self._layer = CELLS[network.cell].implementation().EXPORTED[network.activation](parts)
        self._projections = [
            (constant(next(weights)), constant(next(weights))) for _ in range(network.directions * network.projection)
        ]

    def directions(self, sequence: Any, known: Any, lengths: Any) -> list[Any]:
        """Run over a text.

        Args:
            sequence: float32 ``[time, batch, features]``, not read where words are one-hot.
            known: int32 ``[time, batch]``, the words' ids.
            lengths: int32 ``[batch]``.

        Returns:
            States ``[time, batch, units]`` of each direction, the backward one over the reversed text.
        """
        words = [tf.gather(table, known) for table in self._tables] or [sequence] * self._network.directions
        states: list[Any] = tf.unstack(self._layer.states(tf.stack(in_order(words, lengths))))
        if self._projections:
            pairs = zip(states, self._projections, strict=True)
            states = [tf.tensordot(one, kernel, 1) + bias for one, (kernel, bias) in pairs]
        if self._network.residual:
            halves = in_order(tf.split(sequence, self._network.directions, -1), lengths)
            states = [one + half for one, half in zip(states, halves, strict=True)]
        return states


def in_order(directions: list[Any], lengths: Any) -> list[Any]:
    """From the order of the text to each direction's own, or back."""
    forward, *backward = directions
    return [forward, *(tf.reverse_sequence(direction, lengths, 0, 1) for direction in backward)]
