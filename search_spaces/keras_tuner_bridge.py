"""Spaces as KerasTuner's ``HyperParameters`` and back. KerasTuner imports TensorFlow, so it is imported on use alone.

Both sides mean inclusive bounds. KerasTuner has no name for a fixed value among several kinds, so ``Fixed`` becomes a choice of
one. Conditions become conditional scopes. Formulas stay behind: they are no choices, and ``Space.config`` works them out.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from search_spaces.domains import Choice, Domain, Grid, Integer, LogGrid, LogInteger, LogUniform, Uniform, grid_of
from search_spaces.expressions import Condition, Formula
from search_spaces.space import Space

if TYPE_CHECKING:
    from keras_tuner import HyperParameters


def to_hyperparameters(space: Space) -> "HyperParameters":
    """The space as a KerasTuner search space, with the same names in the same order."""
    from keras_tuner import HyperParameters

    hyperparameters = HyperParameters()
    hyperparameters.merge(
        [_entry(name, domain, space.conditions.get(name)) for name, domain in space.parameters.items()]
    )
    return hyperparameters


def _entry(name: str, domain: Domain, condition: Condition | None) -> Any:
    entry = _unconditional(name, domain)
    if condition is None:
        return entry
    # By way of the configuration: ``conditional_scope`` cannot say that two parents, neither of them inside the other's scope,
    # must both have a value. An inactive parent has none, so conditions may be nested.
    scopes = [
        {"class_name": "Parent", "config": {"name": parent, "values": list(allowed)}}
        for parent, allowed in condition.allowed.items()
    ]
    return type(entry).from_config({**entry.get_config(), "conditions": scopes})


def _unconditional(name: str, domain: Domain) -> Any:
    from keras_tuner.engine import hyperparameters

    match domain:
        case Choice(values=(value,)):
            return hyperparameters.Fixed(name, value)
        case Choice(values=values):
            return hyperparameters.Choice(name, list(values), ordered=False)
        case Integer(low=low, high=high):
            return hyperparameters.Int(name, low, high)
        case LogInteger(low=low, high=high):
            return hyperparameters.Int(name, low, high, sampling="log")
        case Uniform(low=low, high=high):
            return hyperparameters.Float(name, low, high)
        case LogUniform(low=low, high=high):
            return hyperparameters.Float(name, low, high, sampling="log")
        case Grid():
            # Not a range with a step: KerasTuner divides floating-point numbers to count steps, and loses the last point.
            return hyperparameters.Choice(name, list(domain.grid()), ordered=True)
    raise TypeError(f"{name}: {type(domain).__name__} has no counterpart in KerasTuner")


def from_hyperparameters(
    hyperparameters: "HyperParameters",
    *,
    name: str,
    formulas: Mapping[str, Formula] = MappingProxyType({}),
    own: bool = False,
) -> Space:
    """A KerasTuner search space as a space.

    Args:
        hyperparameters: with names that ``TrialConfig`` or the formulas know, unless they are a model's own; conditional
            scopes become conditions, steps become grids.
        name: what the space is called.
        formulas: of the space; KerasTuner has none.
        own: whether the hyperparameters are those of a custom model, defaults included.

    Raises:
        ValueError: where a hyperparameter has no counterpart; one line that names it.
    """
    domains: dict[str, Domain] = {}
    conditions: dict[str, Condition] = {}
    for entry in hyperparameters.space:
        if entry.name in domains:
            raise ValueError(f"{entry.name}: is registered twice, under different conditions; give each its own name")
        domains[entry.name] = _domain(entry)
        if entry.conditions:
            conditions[entry.name] = Condition({scope.name: tuple(scope.values) for scope in entry.conditions})
    defaults = {entry.name: entry.default for entry in hyperparameters.space} if own else None
    return Space(name, domains, conditions=conditions, formulas=formulas, own=defaults)


def _domain(entry: Any) -> Domain:
    kind = type(entry).__name__
    if kind == "Fixed":
        return Choice((entry.value,))
    if kind == "Boolean":
        return Choice((False, True))
    if kind == "Choice":
        values = tuple(entry.values)
        return (grid_of(values) if entry.ordered else None) or Choice(values)
    if entry.min_value == entry.max_value:
        return Choice((entry.min_value,))
    if entry.sampling not in ("linear", "log"):
        raise ValueError(f"{entry.name}: sampling {entry.sampling!r} has no counterpart; use 'linear' or 'log'")
    logarithmic = entry.sampling == "log"
    if entry.step is not None and (kind, entry.step, logarithmic) != ("Int", 1, False):
        return _stepped(entry, logarithmic=logarithmic)
    if kind == "Int":
        return (LogInteger if logarithmic else Integer)(entry.min_value, entry.max_value)
    return (LogUniform if logarithmic else Uniform)(entry.min_value, entry.max_value)


def _stepped(entry: Any, *, logarithmic: bool) -> Domain:
    """A range with steps as a grid: the step is added, or multiplied where the range is logarithmic."""
    ratio = math.log(entry.max_value / entry.min_value, entry.step) if logarithmic else None
    steps = math.floor((ratio if ratio is not None else (entry.max_value - entry.min_value) / entry.step) + 1e-9)
    if steps == 0:
        return Choice((entry.min_value,))
    last = entry.min_value * entry.step**steps if logarithmic else entry.min_value + entry.step * steps
    # Twelve digits: 3 steps of 0.1 are 0.3, not 0.30000000000000004.
    last = last if isinstance(last, int) else float(f"{last:.12g}")
    return (LogGrid if logarithmic else Grid)(entry.min_value, last, steps + 1)
