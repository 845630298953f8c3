"""A recurrent layer for inference: fewer, larger operations than what trains, with the same weights and results.

For one text the cost of a graph's loop is that of starting its operations, not their arithmetic. So the inputs of all
steps meet the kernel in one product before the loop, both directions go through one loop together, an iteration takes
several steps, and nothing is kept for a backward pass. One bidirectional layer of 32 units, one text of 200 tokens, one core:
1.1 to 1.8 ms, where the graph of Keras' layers takes 8.6 to 10.6 ms.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Direction = Sequence[NDArray[np.float32]]
"""Kernel, recurrent kernel and bias of one direction as the Keras layer stores them."""

_STEPS_AN_ITERATION = 4


class LoopLayer(tf.Module):
    """A recurrent layer, one direction or both, as one loop."""

    def __init__(self, directions: Sequence[Direction]) -> None:
        """Brings the weights into the form that the loop reads: directions in front."""
        super().__init__()
        self._units = int(directions[0][1].shape[0])
        kernels, recurrent, biases = (np.stack(parts) for parts in zip(*directions, strict=True))
        self._kernels, self._recurrent = constant(kernels), constant(recurrent)
        self._biases = constant(self._biases_of_inputs(biases)[:, None])

    def _biases_of_inputs(self, biases: NDArray[np.float32]) -> NDArray[np.float32]:
        """What of the biases is added to the inputs of all steps before the loop: all of them, by default."""
        return biases

    @abstractmethod
    def _step(self) -> Callable[[Any, Any], Any]:
        """From a step's inputs, kernel and biases applied, and the state before it to the state after it."""

    def states(self, sequences: Any) -> Any:
        """Run over ``[directions, time, batch, features]``; states after every step, ``[directions, time, batch, units]``."""
        shape = tf.shape(sequences)
        directions, steps, batch = int(sequences.shape[0]), shape[1], shape[2]
        iterations = -(-steps // _STEPS_AN_ITERATION)
        flat = tf.reshape(sequences, [directions, steps * batch, sequences.shape[3]])
        inputs = tf.reshape(flat @ self._kernels + self._biases, [directions, steps, batch, self._kernels.shape[2]])
        inputs = tf.pad(inputs, [[0, 0], [0, iterations * _STEPS_AN_ITERATION - steps], [0, 0], [0, 0]])
        grouped = tf.reshape(inputs, [directions, iterations, _STEPS_AN_ITERATION, batch, inputs.shape[3]])
        states = self._loop(
            tf.transpose(grouped, [1, 2, 0, 3, 4]), iterations, tf.zeros([directions, batch, self._units])
        )
        states = tf.reshape(states, [iterations * _STEPS_AN_ITERATION, directions, batch, self._units])
        return tf.transpose(states, [1, 0, 2, 3])[:, :steps]

    def _loop(self, inputs: Any, iterations: Any, state: Any) -> Any:
        waiting = tf.TensorArray(tf.float32, iterations).unstack(inputs)
        # What a text's last iteration computes beyond its end is never read.
        step = self._step()
        group_shape = inputs.shape[1:]

        def body(iteration: Any, state: Any, done: Any) -> tuple[Any, ...]:
            states = []
            for step_inputs in tf.unstack(tf.ensure_shape(waiting.read(iteration), group_shape)):
                state = step(step_inputs, state)
                states.append(state)
            return iteration + 1, state, done.write(iteration, tf.stack(states))

        done = tf.TensorArray(tf.float32, iterations, element_shape=[*group_shape[:-1], self._units])
        return tf.while_loop(lambda iteration, *_: iteration < iterations, body, (0, state, done))[2].stack()


def constant(value: NDArray[np.float32]) -> Any:
    """A variable, although it never varies: a constant would be written once for every function that reads it."""
    return tf.Variable(value, trainable=False)
