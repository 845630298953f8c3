"""The initial weights of a network as a function of a seed: the same numbers on every worker."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tuner.models.weights import Weight


def initialize(
    variables: Sequence[Any], weights: Sequence[Weight], *, seed: int, vectors: NDArray[np.float32] | None = None
) -> None:
    """Assigns fresh weights to ``variables`` in place.

    Args:
        variables: Keras variables in the model's order.
        weights: what each of them is.
        seed: non-negative; each variable draws from a generator of its own, spawned from it.
        vectors: float32 ``[at least vocabulary, embedding]``: the embedding table begins as these rows.
    """
    seeds = np.random.SeedSequence(seed).generate_state(len(variables), np.uint32)
    for variable, weight, variable_seed in zip(variables, weights, seeds, strict=True):
        if weight.role == "embeddings" and vectors is not None:
            variable.assign(vectors[: weight.shape[0]])
        else:
            variable.assign(_initial(weight, int(variable_seed) & 0x7FFFFFFF))


def _initial(weight: Weight, seed: int) -> Any:
    """Keras' own default by the role of a weight, with a seed."""
    match weight.role:
        case "embeddings":
            return keras.initializers.RandomUniform(-0.05, 0.05, seed=seed)(weight.shape)
        case "recurrent_kernel":
            return keras.initializers.Orthogonal(seed=seed)(weight.shape)
        case "kernel":
            return keras.initializers.GlorotUniform(seed=seed)(weight.shape)
        case "gamma" | "moving_variance":
            return np.ones(weight.shape, np.float32)
        case "lstm_bias":
            # Ones for the forget gate, the second of four (Jozefowicz et al. 2015, Keras' ``unit_forget_bias``).
            return np.repeat(np.array([0.0, 1.0, 0.0, 0.0], np.float32), weight.shape[0] // 4)
        case "bias" | "beta" | "moving_mean":
            return np.zeros(weight.shape, np.float32)
