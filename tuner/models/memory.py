"""Bytes that training a network takes, in closed form: an estimate that is known before anything is built."""

from dataclasses import dataclass

from search_spaces.config import Optimizer
from tuner.models.counting import count_parameters
from tuner.models.network_spec import Network

_BYTES = 4  # float32 throughout
# Numbers that an optimizer keeps for every parameter (Keras' defaults: SGD without momentum).
_SLOTS = {"adam": 2, "rmsprop": 1, "adagrad": 1, "sgd": 0}
# Numbers a unit and step that the backward pass needs (`tuner.models.cells`): states, carries before the step, what else was
# saved; two more for the gradients of its input and output, which flow back step by step.
_NUMBERS_A_STEP = {"simple_rnn": 2 + 2, "gru": 2 + 4 + 2, "lstm": 3 + 5 + 2}


@dataclass(frozen=True)
class TrainingMemory:
    """What one trial takes on its device, beside TensorFlow itself and the data.

    Attributes:
        state: bytes of weights, gradients and optimizer.
        activations: bytes of what a training step keeps for the backward pass.
    """

    state: int
    activations: int

    @property
    def total(self) -> int:
        """All of it, in bytes."""
        return self.state + self.activations


def training_memory(network: Network, *, optimizer: Optimizer, batch_size: int, length: int) -> TrainingMemory:
    """Estimates the memory of training.

    With P parameters and s numbers an optimizer keeps for each, the state is ``4 P (2 + s)`` bytes. A step over B texts of
    T tokens keeps, at every position, the embedding of the token with its gradient, and for every layer and direction a
    fixed count of numbers a unit.

    Args:
        network: what is trained.
        optimizer: its name.
        batch_size: texts in a step.
        length: tokens in the longest batch, padding included.
    """
    parameters = count_parameters(network).total
    loops = network.layers * network.directions
    numbers = 2 * network.embedding + loops * network.units * _NUMBERS_A_STEP[network.cell]
    return TrainingMemory(
        state=_BYTES * parameters * (2 + _SLOTS[optimizer]), activations=_BYTES * batch_size * length * numbers
    )


def weights_bytes(network: Network) -> int:
    """Bytes of a network's weights on disk, the archive's own few hundred a variable included."""
    return _BYTES * count_parameters(network).total + _ARCHIVE_BYTES


def state_bytes(network: Network, *, optimizer: Optimizer) -> int:
    """Bytes of the state that a trial goes on from: weights and optimizer."""
    return _BYTES * count_parameters(network).total * (1 + _SLOTS[optimizer]) + 3 * _ARCHIVE_BYTES


# A NumPy archive spends about 270 bytes a variable; four stacked bidirectional layers with two dense ones have 29 of them.
_ARCHIVE_BYTES = 10_000
