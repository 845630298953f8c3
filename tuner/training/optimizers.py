"""Keras' optimizers by the name that a configuration gives them. What a trial sets of them is a variable, not a constant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from search_spaces.config import Optimizer, TrialConfig
from tuner.training.weight_vectors import Layout


@dataclass(frozen=True)
class OptimizerParams:
    """The numbers of an optimizer that each trial has its own of; one that it has no use for is not read."""

    learning_rate: float
    momentum: float = 0.0
    weight_decay: float = 0.0

    @classmethod
    def of(cls, config: TrialConfig) -> "OptimizerParams":
        """Those of a configuration."""
        return cls(config.learning_rate, config.momentum, config.weight_decay)


class MomentumSGD(keras.optimizers.SGD):
    """``keras.optimizers.SGD`` with momentum, which is a variable."""

    def __init__(self, learning_rate: float, name: str) -> None:
        """Any momentum makes Keras keep the last steps."""
        super().__init__(learning_rate=learning_rate, momentum=0.9, name=name)

    def build(self, variables: Any) -> None:
        """Adds the variable to Keras' own."""
        super().build(variables)
        self.momentum_rate = self.add_variable((), name="momentum_rate")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """``step = momentum * step - rate * gradient``, added to the variable."""
        step = self.momentums[self._get_variable_index(variable)]
        self.assign(step, step * self.momentum_rate - gradient * learning_rate)
        self.assign_add(variable, step)


class AdamW(keras.optimizers.AdamW):
    """``keras.optimizers.AdamW`` (Loshchilov and Hutter 2019), whose decay is a variable."""

    def build(self, variables: Any) -> None:
        """Puts the variable in the place of Keras' number."""
        super().build(variables)
        self.weight_decay = self.add_variable((), name="weight_decay")


_CLASSES = {
    "adam": keras.optimizers.Adam,
    "adamw": AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "sgd": keras.optimizers.SGD,
}


def share_of_rate(config: TrialConfig, progress: float) -> float:
    """What of the learning rate a step has, 0 to 1.

    It rises in a line over ``warm_up``, then stays, falls in a line, or falls as half a cosine (Loshchilov and Hutter 2017).

    Args:
        progress: share of the training that is done with this step, all epochs that the trial may have being 1.
    """
    if progress < config.warm_up:
        return progress / config.warm_up
    done = (progress - config.warm_up) / (1.0 - config.warm_up)
    match config.rate_schedule:
        case "constant":
            return 1.0
        case "linear":
            return 1.0 - done
        case "cosine":
            return 0.5 + 0.5 * math.cos(math.pi * done)


def build_optimizer(name: Optimizer, variables: list[Any], *, momentum: bool) -> Any:
    """An optimizer of these variables with Keras' defaults; `set_optimizer_params` gives it a trial's numbers.

    Args:
        name: as in a configuration.
        variables: Keras variables that it is to train.
        momentum: whether sgd keeps its last steps.
    """
    # Keras would number those of a process, and a compiled step, which is kept by what is in it, holds the name.
    optimizer = (MomentumSGD if momentum else _CLASSES[name])(learning_rate=1e-3, name=name)
    optimizer.build(variables)
    return optimizer


def set_optimizer_params(optimizer: Any, params: OptimizerParams) -> None:
    """Gives an optimizer the numbers of a trial."""
    optimizer.learning_rate.assign(params.learning_rate)
    if isinstance(optimizer, MomentumSGD):
        optimizer.momentum_rate.assign(params.momentum)
    if isinstance(optimizer, AdamW):
        optimizer.weight_decay.assign(params.weight_decay)


def state_of(optimizer: Any, layout: Layout) -> list[Any]:
    """What an optimizer of vectors keeps, as Keras orders it for one of weights: the slots of a weight side by side."""
    before, slots, after = _sorted(optimizer)
    kinds = len(slots) // len(layout.members)
    by_kind = [layout.split([slot.value for slot in slots[kind::kinds]]) for kind in range(kinds)]
    of_weights = [part for parts in zip(*by_kind, strict=True) for part in parts]
    return [*(number.value for number in before), *of_weights, *(number.value for number in after)]


def assign_state(optimizer: Any, layout: Layout, arrays: Sequence[Any]) -> None:
    """Takes back what `state_of` gave."""
    before, slots, after = _sorted(optimizer)
    kinds = len(slots) // len(layout.members)
    of_weights = arrays[len(before) : len(arrays) - len(after)]
    for kind in range(kinds):
        for slot, value in zip(slots[kind::kinds], layout.join(of_weights[kind::kinds]), strict=True):
            slot.assign(value)
    numbers = [*arrays[: len(before)], *arrays[len(arrays) - len(after) :]]
    for variable, value in zip([*before, *after], numbers, strict=True):
        variable.assign(value)


def _sorted(optimizer: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """Its variables: numbers of the whole, slots of the vectors, numbers again."""
    variables = list(optimizer.variables)
    of_vectors = [number for number, variable in enumerate(variables) if len(variable.shape) == 1]
    if not of_vectors:
        return variables, [], []
    first, last = of_vectors[0], of_vectors[-1] + 1
    return variables[:first], variables[first:last], variables[last:]
