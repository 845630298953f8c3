"""One step of Elman's network, with either non-linearity, and its layer for inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tuner.models.cells.cell import SharedDeltas, Steps, bind_kernel
from tuner.models.cells.exported import LoopLayer


class _ElmanCell(SharedDeltas):
    """What both have in common: weights as in ``keras.layers.SimpleRNN``."""

    _scale = 1.0

    def __init__(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> None:
        super().__init__(kernel, recurrent_kernel)
        self.carry_rows: tuple[int, ...] = (int(recurrent_kernel.shape[-2]),)
        self.saved_rows: tuple[int, ...] = ()
        self._from_inputs = bind_kernel(kernel, self._scale)
        self._recurrent_transposed = tf.linalg.matrix_transpose(recurrent_kernel) * self._scale
        self._bias = bias[..., None] * self._scale

    def _squashed(self, inputs: Any, carry: Steps) -> Any:
        return tf.tanh(self._from_inputs(inputs) + self._recurrent_transposed @ carry[0] + self._bias)


class TanhCell(_ElmanCell):
    """``h = tanh(W'x + U'h + b)``, Elman 1990."""

    def forward(self, inputs: Any, carry: Steps) -> tuple[Steps, Steps]:
        """Take one step; see `Cell`."""
        return (self._squashed(inputs, carry),), ()

    def deltas(self, gradient: Steps, after: Steps, before: Steps, saved: Steps) -> tuple[Steps, Steps]:
        """Undo a step's element-wise part; see `Cell`."""
        (hidden,) = after
        return (gradient[0] * (1.0 - hidden * hidden),), (tf.zeros_like(hidden),)


class SigmoidCell(_ElmanCell):
    """``h = sigmoid(W'x + U'h + b)``."""

    _scale = 0.5

    def forward(self, inputs: Any, carry: Steps) -> tuple[Steps, Steps]:
        """Take one step; see `Cell`."""
        return (0.5 * self._squashed(inputs, carry) + 0.5,), ()

    def deltas(self, gradient: Steps, after: Steps, before: Steps, saved: Steps) -> tuple[Steps, Steps]:
        """Undo a step's element-wise part; see `Cell`."""
        (hidden,) = after
        return (gradient[0] * hidden * (1.0 - hidden),), (tf.zeros_like(hidden),)


class TanhLayer(LoopLayer):
    """A layer of tanh units for inference."""

    _squash = staticmethod(tf.tanh)

    def _step(self) -> Callable[[Any, Any], Any]:
        recurrent = tf.convert_to_tensor(self._recurrent)
        return lambda inputs, state: self._squash(inputs + state @ recurrent)


class SigmoidLayer(TanhLayer):
    """A layer of sigmoid units for inference."""

    _squash = staticmethod(tf.sigmoid)


KERAS_LAYER = keras.layers.SimpleRNN
STEPS = {"tanh": TanhCell, "sigmoid": SigmoidCell}
EXPORTED = {"tanh": TanhLayer, "sigmoid": SigmoidLayer}
