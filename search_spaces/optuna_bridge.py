"""Spaces as Optuna's distributions and back, and a trial's values asked of Optuna one by one. Optuna is imported on use alone.

Both sides mean inclusive bounds. Optuna has no fixed values, so they are a categorical distribution of one.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from search_spaces.domains import Choice, Domain, Integer, LogInteger, LogUniform, Uniform, Value
from search_spaces.space import Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import BaseTrial


def suggest(space: Space, trial: "BaseTrial") -> dict[str, Value]:
    """Asks Optuna for a value of every hyperparameter of the space, in the space's order.

    Args:
        space: what to choose from.
        trial: any trial of Optuna: of a study, frozen, or fixed.

    Returns:
        Values by name, to build a ``TrialConfig`` from.
    """
    return {name: _suggest(trial, name, domain) for name, domain in space.parameters.items()}


def _suggest(trial: "BaseTrial", name: str, domain: Domain) -> Value:
    match domain:
        case Choice(values=values):
            return cast(
                "Value", trial.suggest_categorical(name, values)
            )  # one of ours, never the None that Optuna allows
        case Integer(low=low, high=high):
            return trial.suggest_int(name, low, high)
        case LogInteger(low=low, high=high):
            return trial.suggest_int(name, low, high, log=True)
        case Uniform(low=low, high=high):
            return trial.suggest_float(name, low, high)
        case LogUniform(low=low, high=high):
            return trial.suggest_float(name, low, high, log=True)
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
    raise TypeError(f"{name}: {type(domain).__name__} has no counterpart in Optuna")


def from_distributions(distributions: Mapping[str, "BaseDistribution"], *, name: str) -> Space:
    """Optuna's distributions as a space.

    Args:
        distributions: by hyperparameter.
        name: what the space is called.

    Raises:
        ValueError: where a distribution has no counterpart; one line that names it.
    """
    return Space(name, {parameter: _domain(parameter, found) for parameter, found in distributions.items()})


def _domain(name: str, distribution: "BaseDistribution") -> Domain:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match distribution:
        case CategoricalDistribution(choices=choices):
            return Choice(cast("tuple[Value, ...]", tuple(choices)))
        case IntDistribution(low=low, high=high, log=log, step=1):
            return (LogInteger if log else Integer)(low, high)
        case FloatDistribution(low=low, high=high, log=log, step=None):
            return (LogUniform if log else Uniform)(low, high)
    raise ValueError(f"{name}: {distribution} has no counterpart; use CategoricalDistribution")
