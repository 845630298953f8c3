"""One step of a recurrent cell, forwards and backwards, over the weight tensors of the Keras layers.

Everything here is feature-major: a step is ``[features, batch]``, or ``[2, features, batch]`` where both directions of a layer
run in one loop, their weights stacked likewise. A batch usually is a multiple of the vector width, the number of units often is
not, so element-wise work runs over full vectors, gates are contiguous blocks of rows, and ``weights @ step`` is the orientation
in which the CPU's matrix product is quickest (units 100, batch 64: 169 against 128 GFLOP/s for ``step @ weights``).

Logistic gates are computed as ``(1 + tanh(x / 2)) / 2``: all gates of a step become one tanh over one array, and the
halving is folded into the weights before the loop. Backwards is back-propagation through time written by hand
(Werbos 1990); a derivative of a gate is taken from its stored value: ``g (1 - g)`` or ``1 - g^2``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import tensorflow as tf

Steps = tuple[Any, ...]


class Cell(Protocol):
    """What the loop over time asks of a cell whose weights are bound.

    A cell without a kernel reads looked-up rows of one: words that are one-hot pick their column of the product.

    ``carry`` is what goes from one step to the next, the visible state first; ``saved`` is what backwards needs beside
    the carries. Deltas are gradients of pre-activations, in blocks of ``[units, batch]``, one a gate.
    """

    carry_rows: tuple[int, ...]
    saved_rows: tuple[int, ...]
    delta_rows: int
    sum_shapes: tuple[list[int], ...]

    def forward(self, inputs: Any, carry: Steps) -> tuple[Steps, Steps]:
        """Take one step: ``(inputs [features, batch], carry) -> (carry, saved)``."""
        ...

    def deltas(self, gradient: Steps, after: Steps, before: Steps, saved: Steps) -> tuple[Steps, Steps]:
        """Undo a step's element-wise part.

        Args:
            gradient: the loss by the carry after the step.
            after: the carry after the step.
            before: the carry before the step.
            saved: what `forward` saved.

        Returns:
            The blocks of deltas, and the gradient by the carry before the step as far as it came past the weights.
        """
        ...

    def below(self, deltas: Any) -> tuple[Any, Any]:
        """Take ``[delta_rows, batch]`` through the weights: the loss by the inputs and by the visible state before."""
        ...

    def products(self, deltas: Any, inputs: Any, hidden: Any) -> Steps:
        """Return one step's share of the sums over time that `weight_gradients` takes.

        ``inputs`` and the visible state before the step are ``[rows, batch]``. The shares have the shapes ``sum_shapes``
        and, the last, ``[delta_rows, batch]``.
        """
        ...

    def weight_gradients(self, *sums: Any) -> Steps:
        """Turn the sums over time into gradients in Keras' shapes: of the kernel, where there is one, and the others."""
        ...


class SharedDeltas:
    """What cells have in common whose inputs and state meet the same pre-activations: one delta a gate and unit."""

    def __init__(self, kernel: Any, recurrent_kernel: Any) -> None:
        """Bind the weights, oriented as the backward steps use them."""
        *stack, units, self.delta_rows = recurrent_kernel.shape.as_list()
        self._has_kernel = kernel is not None
        self._features = int(kernel.shape[-2]) if self._has_kernel else 0
        self._stacked = tf.concat([kernel, recurrent_kernel], -2) if self._has_kernel else recurrent_kernel
        recurrent_shape = [*stack, self.delta_rows, units]
        self.sum_shapes: tuple[list[int], ...] = (
            ([*stack, self.delta_rows, self._features], recurrent_shape) if self._has_kernel else (recurrent_shape,)
        )

    def below(self, deltas: Any) -> tuple[Any, Any]:
        """Take deltas through the weights; see `Cell`."""
        below = self._stacked @ deltas
        return below[..., : self._features, :] if self._has_kernel else deltas, below[..., self._features :, :]

    def products(self, deltas: Any, inputs: Any, hidden: Any) -> Steps:
        """Return one step's share of the sums; see `Cell`."""
        recurrent = tf.matmul(deltas, hidden, transpose_b=True)
        if not self._has_kernel:
            return recurrent, deltas
        return tf.matmul(deltas, inputs, transpose_b=True), recurrent, deltas

    def weight_gradients(self, *sums: Any) -> Steps:
        """Turn sums into gradients; see `Cell`."""
        *matrices, bias = sums
        return (*map(tf.linalg.matrix_transpose, matrices), tf.reduce_sum(bias, -1))


def bind_kernel(kernel: Any, scale: Any) -> Callable[[Any], Any]:
    """Return what turns a step's inputs into their part of the pre-activations, each row times its ``scale``."""
    if kernel is None:
        return lambda rows: rows * scale
    transposed = tf.linalg.matrix_transpose(kernel) * scale
    return lambda inputs: transposed @ inputs


def scale_column(rows: list[tuple[int, float]]) -> Any:
    """Return a column ``[sum of rows, 1]`` that repeats each value over its number of rows."""
    return tf.concat([tf.fill([count, 1], value) for count, value in rows], 0)
