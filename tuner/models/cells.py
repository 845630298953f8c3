"""One step of a recurrent cell, forwards and backwards, over the weight tensors of the Keras layers.

Everything here is feature-major: a step is ``[features, batch]``. A batch usually is a multiple of the vector width, the
number of units often is not, so element-wise work runs over full vectors, gates are contiguous blocks of rows, and
``weights @ step`` is the orientation in which the CPU's matrix product is quickest (units 100, batch 64: 169 against
128 GFLOP/s for ``step @ weights``).

Logistic gates are computed as ``(1 + tanh(x / 2)) / 2``: all gates of a step become one tanh over one array, and the
halving is folded into the weights before the loop. Backwards is back-propagation through time written by hand
(Werbos 1990); a derivative of a gate is taken from its stored value: ``g (1 - g)`` or ``1 - g^2``.
"""

from __future__ import annotations

from typing import Any, Protocol

import tensorflow as tf

Steps = tuple[Any, ...]
Weights = tuple[Any, Any, Any]


class Cell(Protocol):
    """What the loop over time asks of a cell whose weights are bound.

    ``carry`` is what goes from one step to the next, the visible state first; ``saved`` is what backwards needs beside
    the carries. Deltas are gradients of pre-activations, in blocks of ``[units, batch]``, one a gate.
    """

    carry_rows: tuple[int, ...]
    saved_rows: tuple[int, ...]
    delta_rows: int
    sum_shapes: tuple[list[int], list[int]]

    def forward(self, inputs: Any, carry: Steps) -> tuple[Steps, Steps]:
        """Take one step: ``(inputs [features, batch], carry) -> (carry, saved)``."""
        ...

    def deltas(self, gradient: Steps, hidden: Any, previous: Steps, saved: Steps) -> tuple[Steps, Steps]:
        """Undo a step's element-wise part.

        Args:
            gradient: the loss by the carry after the step.
            hidden: the visible state after the step.
            previous: the carry before the step.
            saved: what `forward` saved.

        Returns:
            The blocks of deltas, and the gradient by the carry before the step as far as it came past the weights.
        """
        ...

    def below(self, deltas: Any) -> tuple[Any, Any]:
        """Take ``[delta_rows, batch]`` through the weights: the loss by the inputs and by the visible state before."""
        ...

    def products(self, deltas: Any, inputs: Any, hidden: Any) -> Weights:
        """Return one step's share of the sums over time that `weight_gradients` takes.

        ``inputs`` and the visible state before the step are ``[rows, batch]``. The shares have the shapes ``sum_shapes``
        and, the last, ``[delta_rows, batch]``.
        """
        ...

    def weight_gradients(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> Weights:
        """Turn the sums over time into gradients in Keras' shapes."""
        ...


class _SharedDeltas:
    """What cells have in common whose inputs and state meet the same pre-activations: one delta a gate and unit."""

    def __init__(self, kernel: Any, recurrent_kernel: Any) -> None:
        """Bind the weights, oriented as the backward steps use them."""
        self._features = int(kernel.shape[0])
        units, self.delta_rows = recurrent_kernel.shape.as_list()
        self.sum_shapes = ([self.delta_rows, self._features], [self.delta_rows, units])
        self._stacked = tf.concat([kernel, recurrent_kernel], 0)

    def below(self, deltas: Any) -> tuple[Any, Any]:
        """Take deltas through the weights; see `Cell`."""
        below = self._stacked @ deltas
        return below[: self._features], below[self._features :]

    def products(self, deltas: Any, inputs: Any, hidden: Any) -> Weights:
        """Return one step's share of the sums; see `Cell`."""
        return tf.matmul(deltas, inputs, transpose_b=True), tf.matmul(deltas, hidden, transpose_b=True), deltas

    def weight_gradients(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> Weights:
        """Turn sums into gradients; see `Cell`."""
        return tf.transpose(kernel), tf.transpose(recurrent_kernel), tf.reduce_sum(bias, 1)


class SimpleRNNCell(_SharedDeltas):
    """``h = tanh(W'x + U'h + b)``, Elman 1990; weights as in ``keras.layers.SimpleRNN``."""

    def __init__(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> None:
        """Bind the weights, in the orders and orientations in which the steps use them."""
        super().__init__(kernel, recurrent_kernel)
        units = int(recurrent_kernel.shape[0])
        self.carry_rows: tuple[int, ...] = (units,)
        self.saved_rows: tuple[int, ...] = ()
        self._kernel_transposed = tf.transpose(kernel)
        self._recurrent_transposed = tf.transpose(recurrent_kernel)
        self._bias = bias[:, None]

    def forward(self, inputs: Any, carry: Steps) -> tuple[Steps, Steps]:
        """Take one step; see `Cell`."""
        return (tf.tanh(self._kernel_transposed @ inputs + self._recurrent_transposed @ carry[0] + self._bias),), ()

    def deltas(self, gradient: Steps, hidden: Any, previous: Steps, saved: Steps) -> tuple[Steps, Steps]:
        """Undo a step's element-wise part; see `Cell`."""
        return (gradient[0] * (1.0 - hidden * hidden),), (tf.zeros_like(hidden),)


class LSTMCell(_SharedDeltas):
    """Hochreiter and Schmidhuber 1997 with forget gates; weights as in ``keras.layers.LSTM`` (gate order i, f, c, o).

    ``c = f * c + i * g``, ``h = o * tanh(c)``; no peepholes.
    """

    def __init__(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> None:
        """Bind the weights, in the orders and orientations in which the steps use them."""
        super().__init__(kernel, recurrent_kernel)
        units = int(recurrent_kernel.shape[0])
        self.carry_rows: tuple[int, ...] = (units, units)
        self.saved_rows: tuple[int, ...] = (4 * units, units)
        self._scale = _scale([(2 * units, 0.5), (units, 1.0), (units, 0.5)])
        self._kernel_transposed = tf.transpose(kernel) * self._scale
        self._recurrent_transposed = tf.transpose(recurrent_kernel) * self._scale
        self._bias = bias[:, None] * self._scale

    def forward(self, inputs: Any, carry: Steps) -> tuple[Steps, Steps]:
        """Take one step; see `Cell`."""
        hidden, memory = carry
        summed = self._kernel_transposed @ inputs + self._recurrent_transposed @ hidden + self._bias
        gates = tf.tanh(summed) * self._scale + (1.0 - self._scale)
        enter, keep, candidate, leave = tf.split(gates, 4, 0)
        memory = keep * memory + enter * candidate
        squashed = tf.tanh(memory)
        return (leave * squashed, memory), (gates, squashed)

    def deltas(self, gradient: Steps, hidden: Any, previous: Steps, saved: Steps) -> tuple[Steps, Steps]:
        """Undo a step's element-wise part; see `Cell`."""
        (d_hidden, d_memory), memory = gradient, previous[1]
        gates, squashed = saved
        enter, keep, candidate, leave = tf.split(gates, 4, 0)
        d_memory += d_hidden * leave * (1.0 - squashed * squashed)
        deltas = (
            d_memory * candidate * enter * (1.0 - enter),
            d_memory * memory * keep * (1.0 - keep),
            d_memory * enter * (1.0 - candidate * candidate),
            d_hidden * squashed * leave * (1.0 - leave),
        )
        return deltas, (tf.zeros_like(hidden), d_memory * keep)


class GRUCell:
    """Cho et al. 2014 as cuDNN computes it; weights as in ``keras.layers.GRU(reset_after=True)`` (gate order z, r, h).

    ``n = tanh(W'x + b + r * (U'h + b'))``, ``h = z * h + (1 - z) * n``.

    There are four blocks of deltas: n, z, r, and the recurrent part of n (``r`` times the delta of n). The kernel's
    product takes the first three and the recurrent kernel's the last three.
    """

    def __init__(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> None:
        """Bind the weights, in the orders and orientations in which the steps use them."""
        units = self._units = int(recurrent_kernel.shape[0])
        self.carry_rows: tuple[int, ...] = (units,)
        self.saved_rows: tuple[int, ...] = (2 * units, units, units)
        self.delta_rows = 4 * units
        self.sum_shapes = ([3 * units, int(kernel.shape[0])], [3 * units, units])
        scale = _scale([(2 * units, 0.5), (units, 1.0)])
        self._kernel_transposed = tf.transpose(kernel) * scale
        self._recurrent_transposed = tf.transpose(recurrent_kernel) * scale
        self._kernel_bias, self._recurrent_bias = bias[0][:, None] * scale, bias[1][:, None] * scale
        self._recurrent, self._kernel_n_first = recurrent_kernel, tf.roll(kernel, units, 1)

    def forward(self, inputs: Any, carry: Steps) -> tuple[Steps, Steps]:
        """Take one step; see `Cell`."""
        (hidden,), split = carry, 2 * self._units
        from_inputs = self._kernel_transposed @ inputs + self._kernel_bias
        from_hidden = self._recurrent_transposed @ hidden + self._recurrent_bias
        gates = 0.5 * tf.tanh(from_inputs[:split] + from_hidden[:split]) + 0.5
        update, reset = tf.split(gates, 2, 0)
        recurrent = from_hidden[split:]
        candidate = tf.tanh(from_inputs[split:] + reset * recurrent)
        return (candidate + update * (hidden - candidate),), (gates, candidate, recurrent)

    def deltas(self, gradient: Steps, hidden: Any, previous: Steps, saved: Steps) -> tuple[Steps, Steps]:
        """Undo a step's element-wise part; see `Cell`."""
        (d_hidden,), (gates, candidate, recurrent) = gradient, saved
        update, reset = tf.split(gates, 2, 0)
        d_candidate = d_hidden * (1.0 - update) * (1.0 - candidate * candidate)
        d_update = d_hidden * (previous[0] - candidate) * update * (1.0 - update)
        d_reset = d_candidate * recurrent * reset * (1.0 - reset)
        return (d_candidate, d_update, d_reset, d_candidate * reset), (d_hidden * update,)

    def below(self, deltas: Any) -> tuple[Any, Any]:
        """Take deltas through the weights; see `Cell`."""
        return self._kernel_n_first @ deltas[: 3 * self._units], self._recurrent @ deltas[self._units :]

    def products(self, deltas: Any, inputs: Any, hidden: Any) -> Weights:
        """Return one step's share of the sums; see `Cell`."""
        kernel = tf.matmul(deltas[: 3 * self._units], inputs, transpose_b=True)
        return kernel, tf.matmul(deltas[self._units :], hidden, transpose_b=True), deltas

    def weight_gradients(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> Weights:
        """Turn sums into gradients; see `Cell`."""
        units, sums = self._units, tf.reduce_sum(bias, 1)
        d_bias = tf.stack([tf.roll(sums[: 3 * units], -units, 0), sums[units:]])
        return tf.roll(tf.transpose(kernel), -units, 1), tf.transpose(recurrent_kernel), d_bias


CELLS: dict[str, type[SimpleRNNCell] | type[LSTMCell] | type[GRUCell]] = {
    "simple_rnn": SimpleRNNCell,
    "lstm": LSTMCell,
    "gru": GRUCell,
}


def _scale(rows: list[tuple[int, float]]) -> Any:
    """Return a column ``[sum of rows, 1]`` that repeats each value over its number of rows."""
    return tf.concat([tf.fill([count, 1], value) for count, value in rows], 0)
