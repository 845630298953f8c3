"""How population based training explores: a donor's hyperparameters, nudged or drawn anew."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from search_spaces.space import Space

PERTURBED = ("learning_rate", "dropout", "l2")
"""Hyperparameters that may change while a network trains."""

_TRAINING = frozenset(
    {
        *PERTURBED,
        *("embedding_dropout", "l1", "optimizer", "momentum", "weight_decay", "gradient_clip_norm"),
        *("batch_size", "batch_tokens"),
    }
)

_RESAMPLED = 0.25
_FACTORS = (0.8, 1.2)


def perturbed(space: Space, config: Mapping[str, Any], generator: np.random.Generator) -> dict[str, Any]:
    """New values for what the space varies among ``PERTURBED``.

    With probability 1/4 a value is drawn anew from its domain; else it is multiplied by 0.8 or 1.2 and kept within the
    domain's bounds, or moved to a neighbour in a list (Jaderberg et al. 2017, arXiv 1711.09846, section 4).

    Args:
        space: where domains and bounds come from.
        config: the donor's hyperparameters.
        generator: what chance there is.
    """
    changes = {}
    for name in perturbable(space):
        domain = space.parameters[name]
        if generator.random() < _RESAMPLED:
            changes[name] = domain.sample(generator)
        elif (listed := domain.grid()) is not None:
            values = sorted(listed)
            at = values.index(config[name]) + int(generator.choice((-1, 1)))
            changes[name] = values[min(max(at, 0), len(values) - 1)]
        else:
            low, high = domain.bounds()
            changes[name] = min(max(config[name] * float(generator.choice(_FACTORS)), low), high)
    return changes


def perturbable(space: Space) -> tuple[str, ...]:
    """Names of the hyperparameters that the space varies, under no condition, and that may change while a network trains."""
    return tuple(name for name in PERTURBED if name in space.varying() and name not in space.conditions)


def shapes_the_network(name: str) -> bool:
    """Whether two networks that differ in this hyperparameter may have weights of different shapes."""
    return name not in _TRAINING
