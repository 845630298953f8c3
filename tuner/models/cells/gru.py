"""One step of a GRU, and its layer for inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tuner.models.cells.cell import Steps, bind_kernel, scale_column
from tuner.models.cells.exported import LoopLayer, constant


class GRUCell:
    """Cho et al. 2014 as cuDNN computes it; weights as in ``keras.layers.GRU(reset_after=True)`` (gate order z, r, h).

    ``n = tanh(W'x + b + r * (U'h + b'))``, ``h = z * h + (1 - z) * n``.

    There are four blocks of deltas: n, z, r, and the recurrent part of n (``r`` times the delta of n). The kernel's
    product takes the first three and the recurrent kernel's the last three.
    """

    def __init__(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> None:
        *stack, units, _ = recurrent_kernel.shape.as_list()
        self._units = units
        self.carry_rows: tuple[int, ...] = (units,)
        self.saved_rows: tuple[int, ...] = (2 * units, units, units)
        self.delta_rows = 4 * units
        self.sum_shapes: tuple[list[int], ...] = ([*stack, 3 * units, units],)
        if kernel is not None:
            self.sum_shapes = ([*stack, 3 * units, int(kernel.shape[-2])], *self.sum_shapes)
        scale = scale_column([(2 * units, 0.5), (units, 1.0)])
        self._from_inputs = bind_kernel(kernel, scale)
        self._recurrent_transposed = tf.linalg.matrix_transpose(recurrent_kernel) * scale
        self._kernel_bias, self._recurrent_bias = (bias[..., number, :, None] * scale for number in range(2))
        self._recurrent = recurrent_kernel
        self._kernel_n_first = None if kernel is None else tf.roll(kernel, units, -1)

    def forward(self, inputs: Any, carry: Steps) -> tuple[Steps, Steps]:
        """Take one step; see `Cell`."""
        (hidden,), parts = carry, [2 * self._units, self._units]
        from_inputs = self._from_inputs(inputs) + self._kernel_bias
        from_hidden = self._recurrent_transposed @ hidden + self._recurrent_bias
        (gates_in, candidate_in), (gates, recurrent) = (
            tf.split(rows, parts, -2) for rows in (from_inputs, from_hidden)
        )
        gates = 0.5 * tf.tanh(gates_in + gates) + 0.5
        update, reset = tf.split(gates, 2, -2)
        candidate = tf.tanh(candidate_in + reset * recurrent)
        return (candidate + update * (hidden - candidate),), (gates, candidate, recurrent)

    def deltas(self, gradient: Steps, after: Steps, before: Steps, saved: Steps) -> tuple[Steps, Steps]:
        """Undo a step's element-wise part; see `Cell`."""
        (d_hidden,), (gates, candidate, recurrent) = gradient, saved
        update, reset = tf.split(gates, 2, -2)
        d_candidate = d_hidden * (1.0 - update) * (1.0 - candidate * candidate)
        d_update = d_hidden * (before[0] - candidate) * update * (1.0 - update)
        d_reset = d_candidate * recurrent * reset * (1.0 - reset)
        return (d_candidate, d_update, d_reset, d_candidate * reset), (d_hidden * update,)

    def below(self, deltas: Any) -> tuple[Any, Any]:
        """Take deltas through the weights; see `Cell`."""
        of_inputs, of_hidden = deltas[..., : 3 * self._units, :], self._recurrent @ deltas[..., self._units :, :]
        if self._kernel_n_first is None:
            return tf.roll(of_inputs, -self._units, -2), of_hidden
        return self._kernel_n_first @ of_inputs, of_hidden

    def products(self, deltas: Any, inputs: Any, hidden: Any) -> Steps:
        """Return one step's share of the sums; see `Cell`."""
        recurrent = tf.matmul(deltas[..., self._units :, :], hidden, transpose_b=True)
        if self._kernel_n_first is None:
            return recurrent, deltas
        return tf.matmul(deltas[..., : 3 * self._units, :], inputs, transpose_b=True), recurrent, deltas

    def weight_gradients(self, *sums: Any) -> Steps:
        """Turn sums into gradients; see `Cell`."""
        *kernel, recurrent_kernel, bias = sums
        units, totals = self._units, tf.reduce_sum(bias, -1)
        d_bias = tf.stack([tf.roll(totals[..., : 3 * units], -units, -1), totals[..., units:]], -2)
        d_kernel = (tf.roll(tf.linalg.matrix_transpose(part), -units, -1) for part in kernel)
        return (*d_kernel, tf.linalg.matrix_transpose(recurrent_kernel), d_bias)


class GRULayer(LoopLayer):
    """A GRU layer for inference."""

    def _biases_of_inputs(self, biases: NDArray[np.float32]) -> NDArray[np.float32]:
        """All but the candidate's recurrent one, which the reset gate multiplies."""
        candidate = biases[:, 1].copy()
        candidate[:, : 2 * self._units] = 0.0
        self._candidate_bias = constant(candidate[:, None, 2 * self._units :])
        combined: NDArray[np.float32] = biases[:, 0] + biases[:, 1] - candidate
        return combined

    def _step(self) -> Callable[[Any, Any], Any]:
        recurrent, bias = tf.convert_to_tensor(self._recurrent), tf.convert_to_tensor(self._candidate_bias)
        parts = [2 * self._units, self._units]

        def step(inputs: Any, state: Any) -> Any:
            gates_in, candidate_in = tf.split(inputs, parts, -1)
            gates, candidate = tf.split(state @ recurrent, parts, -1)
            update, reset = tf.split(tf.sigmoid(gates_in + gates), 2, -1)
            candidate = tf.tanh(candidate_in + reset * (candidate + bias))
            return candidate + update * (state - candidate)

        return step


KERAS_LAYER = keras.layers.GRU
STEPS, EXPORTED = {"tanh": GRUCell}, {"tanh": GRULayer}
