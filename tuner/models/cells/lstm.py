"""One step of an LSTM, and its layer for inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tuner.models.cells.cell import SharedDeltas, Steps, bind_kernel, scale_column
from tuner.models.cells.exported import Direction, constant


class LSTMCell(SharedDeltas):
    """Hochreiter and Schmidhuber 1997 with forget gates; weights as in ``keras.layers.LSTM`` (gate order i, f, c, o).

    ``c = f * c + i * g``, ``h = o * tanh(c)``; no peepholes.
    """

    def __init__(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> None:
        super().__init__(kernel, recurrent_kernel)
        units = int(recurrent_kernel.shape[-2])
        self.carry_rows: tuple[int, ...] = (units, units)
        self.saved_rows: tuple[int, ...] = (4 * units,)
        self._scale = scale_column([(2 * units, 0.5), (units, 1.0), (units, 0.5)])
        self._from_inputs = bind_kernel(kernel, self._scale)
        self._recurrent_transposed = tf.linalg.matrix_transpose(recurrent_kernel) * self._scale
        self._bias = bias[..., None] * self._scale

    def forward(self, inputs: Any, carry: Steps) -> tuple[Steps, Steps]:
        """Take one step; see `Cell`."""
        hidden, memory = carry
        summed = self._from_inputs(inputs) + self._recurrent_transposed @ hidden + self._bias
        gates = tf.tanh(summed) * self._scale + (1.0 - self._scale)
        enter, keep, candidate, leave = tf.split(gates, 4, -2)
        memory = keep * memory + enter * candidate
        return (leave * tf.tanh(memory), memory), (gates,)

    def deltas(self, gradient: Steps, after: Steps, before: Steps, saved: Steps) -> tuple[Steps, Steps]:
        """Undo a step's element-wise part; see `Cell`."""
        (d_hidden, d_memory), (gates,) = gradient, saved
        memory, squashed = before[1], tf.tanh(after[1])
        enter, keep, candidate, leave = tf.split(gates, 4, -2)
        d_memory += d_hidden * leave * (1.0 - squashed * squashed)
        deltas = (
            d_memory * candidate * enter * (1.0 - enter),
            d_memory * memory * keep * (1.0 - keep),
            d_memory * enter * (1.0 - candidate * candidate),
            d_hidden * squashed * leave * (1.0 - leave),
        )
        return deltas, (tf.zeros_like(d_hidden), d_memory * keep)


class LSTMLayer(tf.Module):
    """An LSTM layer for inference, one direction or both, each as one operation of TensorFlow over the whole sequence."""

    def __init__(self, directions: Sequence[Direction]) -> None:
        """Joins kernel and recurrent kernel, as the operation wants them; its gates are in Keras' order."""
        super().__init__()
        self._units = int(directions[0][1].shape[0])
        self._weights = [constant(np.concatenate([kernel, recurrent])) for kernel, recurrent, _ in directions]
        self._biases = [constant(bias) for _, _, bias in directions]

    def states(self, sequences: Any) -> Any:
        """Run over ``[directions, time, batch, features]``; states after every step, ``[directions, time, batch, units]``."""
        steps = tf.cast(tf.shape(sequences)[1], tf.int64)
        zeros, no_peephole = tf.zeros([tf.shape(sequences)[2], self._units]), tf.zeros([self._units])
        outputs = [
            tf.raw_ops.BlockLSTMV2(
                seq_len_max=steps, x=sequence, cs_prev=zeros, h_prev=zeros, w=weights, b=bias, cell_clip=0.0,
                wci=no_peephole, wcf=no_peephole, wco=no_peephole, use_peephole=False,
            ).h
            for sequence, weights, bias in zip(tf.unstack(sequences), self._weights, self._biases, strict=True)
        ]  # fmt: skip
        return tf.stack(outputs)


KERAS_LAYER = keras.layers.LSTM
STEPS, EXPORTED = {"tanh": LSTMCell}, {"tanh": LSTMLayer}
