"""The initial weights of a network as a function of a seed: the same numbers on every worker."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np


def _initializer(path: str, seed: int) -> Any:
    """Keras' own default by the role of a variable, with a seed; None where the role is a bias."""
    role = path.rsplit("/", 1)[-1]
    if role == "embeddings":
        return keras.initializers.RandomUniform(-0.05, 0.05, seed=seed)
    if role == "recurrent_kernel":
        return keras.initializers.Orthogonal(seed=seed)
    if role == "kernel":
        return keras.initializers.GlorotUniform(seed=seed)
    return None


def _initial_bias(path: str, shape: tuple[int, ...], units: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Zeros, but ones for an LSTM's forget gate (Jozefowicz et al. 2015, Keras' ``unit_forget_bias``)."""
    bias = np.zeros(shape, np.float32)
    if "lstm_cell" in path:
        bias[units : 2 * units] = 1.0
    return bias


def initialize(variables: Sequence[Any], *, units: int, seed: int) -> None:
    """Assigns fresh weights to ``variables`` in place.

    Args:
        variables: Keras variables in the model's order.
        units: units of the recurrent layers, which say where an LSTM's forget gate lies in its bias.
        seed: non-negative; each variable draws from a generator of its own, spawned from it.
    """
    seeds = np.random.SeedSequence(seed).generate_state(len(variables), np.uint32)
    for variable, variable_seed in zip(variables, seeds, strict=True):
        initializer = _initializer(variable.path, int(variable_seed) & 0x7FFFFFFF)
        shape = tuple(variable.shape)
        variable.assign(initializer(shape) if initializer else _initial_bias(variable.path, shape, units))
