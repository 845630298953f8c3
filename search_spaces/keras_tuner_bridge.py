"""Spaces as KerasTuner's ``HyperParameters`` and back. KerasTuner imports TensorFlow, so it is imported on use alone.

Both sides mean inclusive bounds. KerasTuner has no name for a fixed value among several kinds, so ``Fixed`` becomes a choice of
one.
"""

from typing import TYPE_CHECKING, Any

from search_spaces.config import TrialConfig
from search_spaces.domains import Choice, Domain, Integer, LogInteger, LogUniform, Uniform
from search_spaces.space import Space

if TYPE_CHECKING:
    from keras_tuner import HyperParameters


def to_hyperparameters(space: Space) -> "HyperParameters":
    """The space as a KerasTuner search space, with the same names in the same order."""
    from keras_tuner import HyperParameters

    hyperparameters = HyperParameters()
    for name, domain in space.parameters.items():
        _register(hyperparameters, name, domain)
    return hyperparameters


def _register(hyperparameters: "HyperParameters", name: str, domain: Domain) -> None:
    match domain:
        case Choice(values=(value,)):
            hyperparameters.Fixed(name, value)
        case Choice(values=values):
            hyperparameters.Choice(name, list(values), ordered=False)
        case Integer(low=low, high=high):
            hyperparameters.Int(name, low, high)
        case LogInteger(low=low, high=high):
            hyperparameters.Int(name, low, high, sampling="log")
        case Uniform(low=low, high=high):
            hyperparameters.Float(name, low, high)
        case LogUniform(low=low, high=high):
            hyperparameters.Float(name, low, high, sampling="log")


def from_hyperparameters(hyperparameters: "HyperParameters", *, name: str) -> Space:
    """A KerasTuner search space over our hyperparameters as a space.

    Args:
        hyperparameters: with names that ``TrialConfig`` knows; conditional scopes and steps other than 1 have no counterpart.
        name: what the space is called.

    Raises:
        ValueError: where a hyperparameter has no counterpart; one line that names it.
    """
    return Space(name, {entry.name: _domain(entry) for entry in hyperparameters.space})


def _domain(entry: Any) -> Domain:
    if entry.name not in TrialConfig.model_fields:
        raise ValueError(f"{entry.name}: unknown hyperparameter; known: {', '.join(TrialConfig.model_fields)}")
    if entry.conditions:
        raise ValueError(f"{entry.name}: has a conditional scope, and spaces have no conditions; register it outside")
    kind = type(entry).__name__
    if kind == "Fixed":
        return Choice((entry.value,))
    if kind == "Boolean":
        return Choice((False, True))
    if kind == "Choice":
        return Choice(tuple(entry.values))
    if entry.step not in (None, 1):
        raise ValueError(f"{entry.name}: has step {entry.step}, and ranges have no steps; use Choice")
    if entry.sampling not in ("linear", "log"):
        raise ValueError(f"{entry.name}: sampling {entry.sampling!r} has no counterpart; use 'linear' or 'log'")
    logarithmic = entry.sampling == "log"
    if kind == "Int":
        return (LogInteger if logarithmic else Integer)(entry.min_value, entry.max_value)
    return (LogUniform if logarithmic else Uniform)(entry.min_value, entry.max_value)
