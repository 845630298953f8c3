"""Compound scaling: how the networks of a run's frontier grow with their parameters, and what larger ones would be."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.columns import config_of, plain, with_size
from analysis.forecast import MOST_TIMES, Forecaster, curves_of, values_of
from analysis.frontier import frontier, knee
from analysis.loading import Run
from analysis.sized_networks import SCALED, WITHIN, Sized, SizedNetworks, is_within
from analysis.students import TEACHER
from search_spaces.config import TrialConfig
from tuner.errors import InputError
from tuner.formatting import counted

FEWEST_POINTS = 3
"""Sizes on the frontier below which two numbers are not fitted."""

_SIZES = 3


class Power(NamedTuple):
    """``factor * parameters ** exponent``."""

    factor: float
    exponent: float

    def at(self, parameters: float) -> float:
        """What it gives at a number of parameters."""
        return float(self.factor * parameters**self.exponent)


@dataclass(frozen=True)
class CompoundScaling:
    """The compound coefficients of a run's frontier, and the configurations that they predict.

    Attributes:
        cell: of the networks that were fitted.
        points: of the frontier that were fitted.
        powers: by hyperparameter how it grows with the parameters.
        table: one row per configuration, by ascending size: ``size`` (the wanted one), ``parameters``, ``layers``, ``units``,
            ``embedding``, ``vocabulary`` (as the data cut it), and of those larger than the run's networks a forecast with the
            ends of its 90 % interval: ``val_<metric>``, ``low``, ``high``.
        configs: their configurations, in the same order.
        left_out: sizes between that no network of the space comes near to.
        no_forecast: why there are no forecasts; None where there are.

    >>> found = analysis.scale(run, to=20_000)
    >>> found.cell, found.points
    ('gru', 5)
    """

    cell: str
    points: int
    powers: Mapping[str, Power]
    table: pd.DataFrame
    configs: tuple[TrialConfig, ...]
    left_out: tuple[int, ...]
    no_forecast: str | None


def scale(run: Run, *, to: int) -> CompoundScaling:
    """The configurations that the run's frontier predicts at three sizes, of which the wanted one is the largest.

    Depth, width, word vectors and vocabulary grow as powers of the parameters (Tan and Le 2019, arXiv 1905.11946, with
    parameters in the place of computation, and the vocabulary, where a text classifier's parameters are). Each power is
    fitted in log space, by weighted least squares, to the frontier of the networks that are of the knee's cell and read words
    as it does (of the kinds that have enough points, where the knee's has not). A point weighs as much as the share of the
    logarithmic range of sizes that is nearest to it. No power shrinks: an exponent is at least 0.

    The sizes are even steps on a logarithmic axis from the largest of these points to the wanted size; where that lies within
    the frontier, from the smallest. Predicted values become those of the space, chosen so that the exact count is nearest to
    the size; all else is as in the point of the nearest size.

    Args:
        run: of the built-in networks, with 3 points of different sizes on that frontier.
        to: parameters of the largest network, at most 10 times the largest of the run.

    Raises:
        InputError: where the run does not bear it, or no network of its space comes within 10 % of the size.

    >>> analysis.scale(run, to=20_000).table[["size", "parameters", "layers", "units"]]
        size  parameters  layers  units
    0  20000       19233       2     16
    """
    if run.settings.hypermodel is not None:
        raise InputError(
            f"{run.name} is of a custom model, whose layers are not known; give a run of the built-in networks"
        )
    networks = SizedNetworks(run.settings)
    cell, front = _front(run, networks)
    largest = int(with_size(run.trials, run.objective)["parameters"].max())
    _check(to, run.name, smallest=front[0].parameters, largest=largest)
    powers = _powers(front)

    def predicted(size: float) -> dict[str, float]:
        return {name: power.at(size) for name, power in powers.items()}

    begin = front[-1].parameters if front[-1].parameters < to else front[0].parameters
    sizes = [*sorted({round(size) for size in np.geomspace(begin, to, _SIZES + 1)[1:-1].tolist()} - {to}), to]
    chosen: dict[Hashable, tuple[int, Sized]] = {}
    left_out = []
    for size in sizes:
        base = min(front, key=lambda point: abs(np.log(point.parameters / size)))
        found = networks.nearest(base.config, predicted, size)
        if found is not None and is_within(found.parameters, size):
            chosen.pop(found.network, None)  # sizes that are close to each other may have one network
            chosen[found.network] = size, found
        elif size == to:
            _refuse(run, cell, to, found)
        else:
            left_out.append(size)
    rows = list(chosen.values())
    table, no_forecast = _with_forecasts(run, _table(rows))
    configs = tuple(found.config for _, found in rows)
    return CompoundScaling(cell, len(front), powers, table, configs, tuple(left_out), no_forecast)


def fitted_power(sizes: ArrayLike, values: ArrayLike) -> Power:
    """The power of least squares in log space, which does not fall.

    Args:
        sizes: parameters ``[points]``, ascending, at least two different ones.
        values: of a hyperparameter ``[points]``, positive.
    """
    x, y = np.log(np.asarray(sizes, float)), np.log(np.asarray(values, float))
    # Half of the way to either neighbour: many points of almost one size say no more than one of them.
    weights = np.diff(np.concatenate([x[:1], (x[:-1] + x[1:]) / 2, x[-1:]]))
    mean_x, mean_y = np.average(x, weights=weights), np.average(y, weights=weights)
    exponent = max(0.0, float((weights * (x - mean_x) * (y - mean_y)).sum() / (weights * (x - mean_x) ** 2).sum()))
    return Power(float(np.exp(mean_y - exponent * mean_x)), exponent)


def _front(run: Run, networks: SizedNetworks) -> tuple[str, list[Sized]]:
    """The cell, and the frontier of the networks of its kind, from the smallest up."""
    trials = run.candidates
    if TEACHER in trials:  # their values come from a teacher, whom the scaled networks do not have
        trials = trials[trials[TEACHER].isna()]
    trials = with_size(trials, run.objective)
    found = {str(row["trial_id"]): networks.of(_config(row)) for _, row in trials.iterrows()}
    kinds = {trial: _kind(one) for trial, one in found.items() if one.network.recurrent}
    trials = trials[trials["trial_id"].isin(kinds)]
    groups = trials["trial_id"].map(kinds)
    fronts = {
        kind: [found[str(trial)] for trial in frontier(group, objective=run.objective)["trial_id"]]
        for kind, group in trials.groupby(groups)
    }
    sizes = {kind: len({point.parameters for point in front}) for kind, front in fronts.items()}
    enough = [kind for kind, count in sizes.items() if count >= FEWEST_POINTS]
    at_knee = knee(trials, objective=run.objective)
    if at_knee is not None and kinds[at_knee] not in enough:
        at_knee = knee(trials[groups.isin(enough)], objective=run.objective) or at_knee
    if at_knee is None:
        raise InputError(
            f"{run.name} has no recurrent network on its frontier; give a run of gru, lstm, simple_rnn or elman"
        )
    kind, cell = kinds[at_knee], found[at_knee].network.cell
    if kind not in enough:
        raise InputError(
            f"{run.name} has {counted(sizes[kind], 'size')} of {cell} networks on its frontier, compound scaling needs "
            f"{FEWEST_POINTS}: extend it with `python -m tuner resume {run.folder.reference}` and "
            f"`trials={2 * run.settings.configurations}`"
        )
    return cell, fronts[kind]


def _config(row: "pd.Series[Any]") -> TrialConfig:
    # A run of an older version knows fewer hyperparameters; those that came later are at their defaults there.
    return TrialConfig(
        **{name: plain(value) for name, value in config_of(row).items() if name in TrialConfig.model_fields}
    )


def _kind(one: Sized) -> str:
    """The cell, and how words enter: networks of other kinds are of another size for the same numbers."""
    return " ".join((one.network.cell, one.config.input, one.config.vectors))


def _check(to: int, run: str, *, smallest: int, largest: int) -> None:
    if to <= smallest:
        raise InputError(
            f"the smallest network of {run}'s frontier has {smallest:,} parameters already; give more, at most "
            f"{MOST_TIMES['params'] * largest:,}",
            option="to",
            value=to,
        )
    if to > MOST_TIMES["params"] * largest:
        raise InputError(
            f"the largest network of {run} has {largest:,} parameters, and more than {MOST_TIMES['params']} times as many are "
            f"too far from it; give at most {MOST_TIMES['params'] * largest:,}, or search farther first",
            option="to",
            value=to,
        )


def _powers(front: list[Sized]) -> dict[str, Power]:
    first = front[0].config
    own_vectors = first.input == "embedding" and first.vectors == "none"
    sizes = [point.parameters for point in front]
    return {
        name: fitted_power(sizes, [getattr(point.network, name) for point in front])
        for name in SCALED
        if own_vectors or name != "embedding"
    }


def _refuse(run: Run, cell: str, to: int, nearest: Sized | None) -> NoReturn:
    space = run.settings.space["name"]
    if nearest is None:
        raise InputError(
            f"no {cell} network near the predicted ones can be made in the space {space}; give a run of another space",
            option="to",
            value=to,
        )
    raise InputError(
        f"no {cell} network of the space {space} comes within {WITHIN:.0%} of it; the nearest has {nearest.parameters:,} "
        f"parameters: give `to={nearest.parameters}`, or search a space with other sizes",
        option="to",
        value=to,
    )


def _table(rows: list[tuple[int, Sized]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "size": size,
                "parameters": found.parameters,
                **{name: getattr(found.network, name) for name in SCALED},
            }
            for size, found in rows
        ]
    )


def _with_forecasts(run: Run, table: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """The table with what ``analysis.forecast`` says of each size beyond the run's; and why there is nothing of it."""
    names = [run.objective.column, "low", "high"]
    table[names] = np.nan
    try:
        curves = curves_of(run)
    except InputError as error:
        return table, str(error)
    forecaster = Forecaster([curves], [run.settings.data.train])
    for index, parameters in table["parameters"].items():
        if curves.largest < parameters <= MOST_TIMES["params"] * curves.largest:
            table.loc[index, names] = values_of(run.objective, forecaster.expected(params=parameters))
    return table, None
