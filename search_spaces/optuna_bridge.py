"""Spaces as Optuna's distributions and back, and a trial's values asked of Optuna one by one. Optuna is imported on use alone.

Both sides mean inclusive bounds. Optuna has no fixed values, so they are a categorical distribution of one; so are grids of
their points, unless these are evenly spaced whole numbers. Distributions know no conditions: ``suggest`` keeps them, by not
asking. Formulas stay behind: they are no choices, and ``Space.config`` works them out.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from search_spaces.domains import Choice, Domain, Grid, Integer, LogGrid, LogInteger, LogUniform, Uniform, Value
from search_spaces.expressions import Condition, Formula
from search_spaces.space import Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import BaseTrial


def suggest(space: Space, trial: "BaseTrial") -> dict[str, Value]:
    """Asks Optuna for a value of every active parameter, in the space's order: define-by-run, conditions kept.

    Args:
        space: what to choose from.
        trial: any trial of Optuna: of a study, frozen, or fixed.

    Returns:
        Values by name; ``space.config`` makes a configuration of them.
    """
    values: dict[str, Value] = {}
    for name, domain in space.parameters.items():
        if space.active(name, values):
            values[name] = _suggest(trial, name, domain)
    return values


def _suggest(trial: "BaseTrial", name: str, domain: Domain) -> Value:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match _distribution(name, domain):
        case CategoricalDistribution(choices=choices):
            return cast("Value", trial.suggest_categorical(name, choices))  # ours, never the None that Optuna allows
        case IntDistribution(low=low, high=high, log=log, step=step):
            return trial.suggest_int(name, low, high, log=log, step=step)
        case FloatDistribution(low=low, high=high, log=log):
            return trial.suggest_float(name, low, high, log=log)
    raise TypeError(f"{name}: {type(domain).__name__} has no counterpart in Optuna")


def distributions(space: Space) -> dict[str, "BaseDistribution"]:
    """The space's domains as Optuna's distributions, by name, in the space's order."""
    return {name: _distribution(name, domain) for name, domain in space.parameters.items()}


def _distribution(name: str, domain: Domain) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match domain:
        case Choice(values=values):
            return CategoricalDistribution(values)
        case Integer(low=low, high=high):
            return IntDistribution(low, high)
        case LogInteger(low=low, high=high):
            return IntDistribution(low, high, log=True)
        case Uniform(low=low, high=high):
            return FloatDistribution(low, high)
        case LogUniform(low=low, high=high):
            return FloatDistribution(low, high, log=True)
        case Grid(low=low, high=high):
            step = _whole_step(domain)
            return CategoricalDistribution(domain.grid()) if step is None else IntDistribution(low, high, step=step)
    raise TypeError(f"{name}: {type(domain).__name__} has no counterpart in Optuna")


def _whole_step(domain: Domain) -> int | None:
    """The step of a grid of whole numbers, evenly spaced; others are categorical, as Optuna would round their points."""
    if not isinstance(domain, Grid) or not all(isinstance(point, int) for point in domain.grid()):
        return None
    step, rest = divmod(domain.high - domain.low, domain.points - 1)
    return None if rest or isinstance(domain, LogGrid) else int(step)


def from_distributions(
    distributions: Mapping[str, "BaseDistribution"],
    *,
    name: str,
    conditions: Mapping[str, Condition] = MappingProxyType({}),
    formulas: Mapping[str, Formula] = MappingProxyType({}),
) -> Space:
    """Optuna's distributions as a space.

    Args:
        distributions: by hyperparameter or variable.
        name: what the space is called.
        conditions: of the space; distributions have none.
        formulas: of the space; distributions have none.

    Raises:
        ValueError: where a distribution has no counterpart; one line that names it.
    """
    domains = {parameter: _domain(parameter, found) for parameter, found in distributions.items()}
    return Space(name, domains, conditions=conditions, formulas=formulas)


def _domain(name: str, distribution: "BaseDistribution") -> Domain:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match distribution:
        case CategoricalDistribution(choices=choices):
            return Choice(cast("tuple[Value, ...]", tuple(choices)))
        case IntDistribution(low=low, high=high, log=log, step=1):
            return (LogInteger if log else Integer)(low, high)
        case IntDistribution(low=low, high=high, step=step):
            return Grid(low, high, (high - low) // step + 1)
        case FloatDistribution(low=low, high=high, log=log, step=None):
            return (LogUniform if log else Uniform)(low, high)
    raise ValueError(f"{name}: {distribution} has no counterpart; use CategoricalDistribution")
