"""Points to evaluate first: the frontier of an earlier run, as far as it lies in the new search's space, and the portfolio."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search_spaces.config import Config, TrialConfig
from search_spaces.portfolio import portfolio_in
from search_spaces.space import Space
from tuner.errors import InputError
from tuner.models.network_spec import Network
from tuner.runs.configurations import contenders
from tuner.runs.folder import find_run
from tuner.runs.journal import read_journal
from tuner.runs.pareto import pareto_front
from tuner.runs.search_state import SearchState
from tuner.search.plan import Plan
from tuner.search.searchers.searcher import Fits

PORTFOLIO_TRIALS = 24
"""Most trials of the portfolio."""
FIRST_OF_PORTFOLIO = 12
"""Of these, those before the searcher's first; the others take turns with the searcher's. In replay (``bench_portfolio.py``)
that finds more after 24 and after 40 trials than the searcher alone after 12, 15 or 18 of the portfolio."""


def points_of_earlier_run(run: str, runs_dir: Path, space: Space, fits: Fits, *, trials: int) -> list[Config]:
    """The most accurate trials of the run's frontier, at most half as many as the new search has.

    They are trained anew: other data, another seed or more epochs may be asked of them now.

    Args:
        run: name or folder of the earlier run.
        runs_dir: where runs are looked up by name.
        space: of the new search; what lies outside is left out.
        fits: its budget of parameters; likewise.
        trials: of the new search.

    Raises:
        InputError: where there is no such run, or nothing in it helps.
    """
    finished = contenders(SearchState(read_journal(find_run(run, runs_dir).journal)))
    if not finished:
        raise InputError(
            "no trial of it has finished an epoch; give another run, or leave it out", option="warm_start", value=run
        )
    scores = [record.score or 0.0 for record in finished]
    front = pareto_front(scores, [record.size for record in finished])
    best_first = sorted(front, key=lambda i: -scores[i])
    configs = [_in_space(space, finished[i].config) for i in best_first]
    points = list(dict.fromkeys(config for config in configs if config is not None and fits(config)))
    if not points:
        raise InputError(
            f"none of the {len(configs)} trials of its frontier lies in the space {space.name}; use the space of that run, or "
            "leave it out",
            option="warm_start",
            value=run,
        )
    return points[: math.ceil(trials / 2)]


def points_of_portfolio(space: Space, plan: Plan, *, seed: int) -> list[Config]:
    """The portfolio as far as it lies in the space, or next to it, and within the budget of parameters.

    Args:
        space: of the built-in networks.
        plan: of the search. Of configurations that are one network on these data the first is taken.
        seed: of the search, for hyperparameters that the portfolio leaves open.

    Returns:
        At most ``PORTFOLIO_TRIALS``, however few trials there are: a search that is extended goes on as a longer one began.
    """
    points: dict[Network, Config] = {}
    for config in portfolio_in(space, seed=seed):
        if isinstance(config, TrialConfig) and plan.fits(config):
            points.setdefault(plan.network(config), config)
    return list(points.values())[:PORTFOLIO_TRIALS]


def _in_space(space: Space, recorded: Mapping[str, Any]) -> Config | None:
    """The configuration that was recorded, None where the space could not have given it."""
    if space.variables:  # they are not kept, so a configuration's would have to be guessed
        return None
    try:
        values = space.values(recorded)
    except KeyError:  # of other hyperparameters
        return None
    if not all(value in space.parameters[name] for name, value in values.items()):
        return None
    config = space.config(values)
    return config if config.model_dump() == recorded else None
