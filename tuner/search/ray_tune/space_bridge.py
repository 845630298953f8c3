"""Spaces as Ray Tune's search spaces and back. Here, because ``search_spaces`` knows no Ray.

Ray Tune's upper bounds of whole numbers are exclusive, ours inclusive: it is here, and nowhere else, that one is added. A grid
becomes a ``grid_search``. Ray Tune has no conditions: a conditional parameter is a function of the parameters before it, and
None where it is inactive. Formulas stay behind: ``Space.config`` works them out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from ray import tune
from ray.tune.search import sample as ray_sample

from search_spaces.domains import Choice, Domain, Grid, Integer, LogInteger, LogUniform, Uniform, Value, grid_of
from search_spaces.expressions import Condition, Formula
from search_spaces.space import Space


@dataclass(frozen=True)
class WhereActive:
    """What Ray Tune calls for a conditional parameter: a value of its domain, or None where the condition does not hold."""

    domain: Domain
    condition: Condition

    def __call__(self, drawn: Mapping[str, Any]) -> Value | None:
        """Draws from NumPy's global generator, which is where Ray Tune's own domains draw from."""
        if not self.condition.holds({name: drawn[name] for name in self.condition.allowed}):
            return None
        return self.domain.sample(np.random.default_rng(np.random.randint(2**32, dtype=np.uint32)))  # noqa: NPY002


def to_ray(space: Space) -> dict[str, Any]:
    """The space as a ``param_space`` of Ray Tune, with the same names in the same order."""
    return {
        name: tune.sample_from(WhereActive(domain, space.conditions[name]))
        if name in space.conditions
        else _to_ray(name, domain)
        for name, domain in space.parameters.items()
    }


def _to_ray(name: str, domain: Domain) -> Any:
    match domain:
        case Choice(values=(value,)):
            return value
        case Choice(values=values):
            return tune.choice(list(values))
        case Integer(low=low, high=high):
            return tune.randint(low, high + 1)
        case LogInteger(low=low, high=high):
            return tune.lograndint(low, high + 1)
        case Uniform(low=low, high=high):
            return tune.uniform(low, high)
        case LogUniform(low=low, high=high):
            return tune.loguniform(low, high)
        case Grid():
            return tune.grid_search(list(domain.grid()))
    raise TypeError(f"{name}: {type(domain).__name__} has no counterpart in Ray Tune")


def values_of(drawn: Mapping[str, Any]) -> dict[str, Value]:
    """A configuration that Ray Tune drew from ``to_ray``, without what is inactive: what ``Space.config`` takes."""
    return {name: value for name, value in drawn.items() if value is not None}


def from_ray(
    param_space: Mapping[str, Any], *, name: str, formulas: Mapping[str, Formula] = MappingProxyType({})
) -> Space:
    """A ``param_space`` of Ray Tune over our hyperparameters as a space.

    Args:
        param_space: by hyperparameter or variable; values that are no domain are fixed.
        name: what the space is called.
        formulas: of the space; Ray Tune has none.

    Raises:
        ValueError: where something has no counterpart; one line that names it.
    """
    domains: dict[str, Domain] = {}
    conditions: dict[str, Condition] = {}
    for parameter, found in param_space.items():
        function = getattr(found, "func", None)
        if isinstance(function, WhereActive):
            domains[parameter], conditions[parameter] = function.domain, function.condition
        else:
            domains[parameter] = _from_ray(parameter, found)
    return Space(name, domains, conditions=conditions, formulas=formulas)


def _from_ray(name: str, found: Any) -> Domain:
    if isinstance(found, dict) and set(found) == {"grid_search"}:
        values = tuple(found["grid_search"])
        return grid_of(values) or Choice(values)
    if isinstance(found, (bool, int, float, str)):
        return Choice((found,))
    logarithmic = isinstance(getattr(found, "sampler", None), ray_sample.LogUniform)
    plain = logarithmic or isinstance(getattr(found, "sampler", None), ray_sample.Uniform)
    match found:
        case ray_sample.Categorical(categories=values) if plain:
            return Choice(tuple(values))
        case ray_sample.Integer(lower=low, upper=high) if plain:
            return (LogInteger if logarithmic else Integer)(low, high - 1)
        case ray_sample.Float(lower=low, upper=high) if plain:
            return (LogUniform if logarithmic else Uniform)(low, high)
    raise ValueError(f"{name}: {found!r} has no counterpart; use tune.choice")
