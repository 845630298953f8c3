"""Bytes that training a network takes, in closed form: estimates that are known before anything is built."""

import math
from dataclasses import dataclass

from search_spaces.config import TrialConfig
from tuner.models.counting import count_parameters
from tuner.models.network_spec import Network
from tuner.models.weights import GATES, weights_of

_BYTES = 4  # float32 throughout
# Numbers that an optimizer keeps for every parameter that it trains (SGD with momentum one more).
_SLOTS = {"adam": 2, "adamw": 2, "rmsprop": 1, "adagrad": 1, "adadelta": 2, "sgd": 0}
# Numbers a unit and step that the backward pass needs (`tuner.models.cells`): states, carries before the step, what else was
# saved; two more for the gradients of its input and output, which flow back step by step.
_NUMBERS_A_STEP = {"simple_rnn": 2 + 2, "elman": 2 + 2, "gru": 2 + 4 + 2, "lstm": 3 + 5 + 2, "mlp": 2 + 2}

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

    With P parameters, of which Q are trained, and s numbers an optimizer keeps for each of these, the state is
    ``4 (P + Q (1 + s))`` bytes. A step over B texts of T tokens keeps, at every position, what was looked up for the token
    with its gradient, and for every layer and direction a fixed count of numbers a unit.

    Args:
        network: what is trained.
        config: its optimizer and its batches.
        length: tokens in the longest batch, padding included.
    """
    positions = max(config.batch_tokens, length) if config.batch_tokens else config.batch_size * length
    looked_up = (
        network.directions * GATES.get(network.cell, 1) * network.units if network.one_hot else network.embedding
    )
    numbers = 2 * looked_up
    if network.layers:
        # The outputs of a projection or a sum are kept beside the states, each with its gradient.
        extras = 2 * (network.projection + network.residual)
        numbers += network.layers * network.width * (_NUMBERS_A_STEP[network.cell] + extras)
    state = count_parameters(network).total + _trained(network) * (1 + _slots(config))
    return TrainingMemory(state=_BYTES * state, activations=_BYTES * positions * numbers)


def trial_files(network: Network, config: TrialConfig) -> TrialFiles:
    """Bounds of a trial's files: its numbers, and what an archive adds for each variable."""
    variables, slots = len(weights_of(network)), _slots(config)
    weights = _BYTES * _kept(network) + _BYTES_A_VARIABLE * (variables + 1)
    optimizer = _BYTES * slots * _trained(network) + _BYTES_A_VARIABLE * (slots * variables + 8)
    return TrialFiles(weights=weights, state=weights + optimizer)


def _slots(config: TrialConfig) -> int:
    return _SLOTS[config.optimizer] + (config.momentum > 0.0)


def _trained(network: Network) -> int:
    return sum(math.prod(weight.shape) for weight in weights_of(network) if weight.trained)


def _kept(network: Network) -> int:
    """Numbers that a trial keeps: frozen vectors are the same for all trials and lie with the encoder."""
    frozen = network.vocabulary * network.embedding if network.vectors == "frozen" else 0
    return count_parameters(network).total - frozen
