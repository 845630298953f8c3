"""Bytes that training a network takes, in closed form: estimates that are known before anything is built."""

from dataclasses import dataclass
from math import prod

from search_spaces.config import TrialConfig
from tuner.models.cells import CELLS
from tuner.models.network_spec import Network
from tuner.models.weights import weights_of

_BYTES = 4  # float32 throughout
# Numbers that an optimizer keeps for every parameter, with Keras' defaults.
_SLOTS = {"adam": 2, "adamw": 2, "adadelta": 2, "rmsprop": 1, "adagrad": 1, "sgd": 0}
_NUMBERS_A_STEP_OF_MLP = 2  # a layer without a state has inputs and outputs
# A NumPy archive spends less than 300 bytes a variable beside its numbers.
_BYTES_A_VARIABLE = 300


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


@dataclass(frozen=True)
class TrialFiles:
    """Upper bounds of what a trial keeps on disk, in bytes: the weights of its best epoch, and its last state."""

    weights: int
    state: int


def training_memory(network: Network, config: TrialConfig, *, length: int) -> TrainingMemory:
    """Estimates the memory of training.

    With W numbers in all weights, P of them trained, and an optimizer that keeps s numbers for each, the state is
    ``4 (W + P + s P)`` bytes. A step keeps, at every position of its batch, the vector of the token with its gradient, and
    for every layer and direction a fixed count of numbers a unit.

    Args:
        network: what is trained.
        config: the configuration that it comes from: optimizer and batches.
        length: tokens in the longest batch, padding included.
    """
    every, trained = _numbers(network)
    layers = network.layers * network.directions * network.units
    # One-hot words look up what the kernels make of them.
    cell = CELLS.get(network.cell)
    looked_up = network.directions * cell.gates * network.units if network.one_hot and cell else 0
    numbers = 2 * (network.embedding + looked_up) + layers * (cell.numbers_a_step if cell else _NUMBERS_A_STEP_OF_MLP)
    positions = max(config.batch_tokens, length) if config.batch_tokens else config.batch_size * length
    return TrainingMemory(
        state=_BYTES * (every + trained + slots(config) * trained),
        activations=_BYTES * positions * numbers,
    )


def trial_files(network: Network, config: TrialConfig) -> TrialFiles:
    """Bounds of a trial's files: its numbers, and what an archive adds for each variable."""
    every, trained = _numbers(network)
    variables = len(weights_of(network))
    if network.vectors == "frozen":  # the same for every trial, they lie with the encoder
        every -= network.vocabulary * network.embedding
    weights = _BYTES * every + _BYTES_A_VARIABLE * (variables + 1)
    optimizer = _BYTES * slots(config) * trained + _BYTES_A_VARIABLE * (slots(config) * variables + 8)
    return TrialFiles(weights=weights, state=weights + optimizer)


def slots(config: TrialConfig) -> int:
    """Numbers that the optimizer of a configuration keeps for every trained one."""
    return 1 if config.optimizer == "sgd" and config.momentum > 0 else _SLOTS[config.optimizer]


def _numbers(network: Network) -> tuple[int, int]:
    """Numbers in all weights, and in those that are trained."""
    sizes = [(prod(weight.shape), weight.trained) for weight in weights_of(network)]
    return sum(size for size, _ in sizes), sum(size for size, trained in sizes if trained)
