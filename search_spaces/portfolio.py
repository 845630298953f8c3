"""The portfolio: configurations that did well on many data sets, in the order in which a search tries them first."""

import math
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from search_spaces.config import CombinationError, Config
from search_spaces.domains import Domain, Value
from search_spaces.space import Space

FILE = Path(__file__).with_suffix(".yaml")


@cache
def portfolio() -> tuple[dict[str, Value], ...]:
    """The hyperparameters of each configuration, those that it leaves open missing. Every prefix is a good search.

    Chosen by ``tests/benchmarks/make_portfolio.py`` from learning curves on nine data sets: each next configuration adds most
    to the hypervolume, in the mean over the sets (the greedy portfolios of Auto-sklearn 2.0, Feurer et al. 2022,
    arXiv 2007.04074).
    """
    return tuple(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def portfolio_in(space: Space, *, seed: int) -> list[Config]:
    """The points of a space that are nearest to the portfolio's, in its order.

    Args:
        space: of the built-in networks. A hyperparameter takes the portfolio's value, or the domain's nearest. One that the
            portfolio leaves open, and the space does not, is drawn.
        seed: of the search, for what is drawn.

    Returns:
        One configuration for each of the portfolio, but for those that mean nothing in this space. None where hyperparameters
        follow from variables, which the portfolio does not know.
    """
    if space.variables:
        return []
    found = []
    for number, wanted in enumerate(portfolio()):
        generator = np.random.default_rng([seed, number])
        values: dict[str, Value] = {}
        for name, domain in space.parameters.items():
            if space.active(name, values):
                values[name] = nearest(domain, wanted[name]) if name in wanted else domain.sample(generator)
        try:
            found.append(space.config(values))
        except CombinationError:
            continue
    return found


def nearest(domain: Domain, wanted: Value) -> Value:
    """The value of a domain that is nearest to one that may lie outside: by ratio where all are positive.

    Of words, and where nothing is a number, the first of the domain.
    """
    if wanted in domain:
        return wanted
    grid = domain.grid()
    if not _is_number(wanted):
        return (grid or domain.bounds())[0]
    numbers = [value for value in grid or domain.bounds() if _is_number(value)]
    if not numbers:
        return (grid or domain.bounds())[0]
    return min(numbers, key=lambda value: _distance(float(value), float(wanted)))


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _distance(one: float, other: float) -> float:
    return abs(math.log(one / other)) if one > 0 and other > 0 else abs(one - other)
