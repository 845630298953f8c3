"""How the objective improves with parameters, and where it would end: a saturating power law through the frontier."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.columns import scores, with_size
from tuner.metrics import ACCURACY, Objective
from tuner.runs.pareto import pareto_front

_Floats = npt.NDArray[np.float64]

FEWEST_SIZES = 5
"""Sizes on the frontier below which three numbers are not fitted."""

_EXPONENTS = np.geomspace(0.05, 2.0, 60)
_RESAMPLES = 200


@dataclass(frozen=True)
class ScalingFit:
    """The law ``metric = ceiling - scale * parameters ** -exponent``, with a plus where less is better, and how sure it is.

    Attributes:
        ceiling: the value of the objective that ever larger networks of these spaces and data would come to.
        scale: factor of the power.
        exponent: how fast the rest shrinks.
        ceiling_interval: 90 % bootstrap interval of the ceiling.
        curve: columns ``parameters``, the metric's name, ``low``, ``high`` over the range of sizes, for drawing.
        objective: the metric.

    >>> sizes = pd.DataFrame({"trial_id": list("abcdef"), "parameters": [10**n for n in range(2, 8)]})
    >>> fit = analysis.scaling_fit(sizes.assign(val_accuracy=0.9 - sizes["parameters"] ** -0.5))
    >>> round(fit.ceiling, 2), round(fit.exponent, 1)
    (0.9, 0.5)
    """

    ceiling: float
    scale: float
    exponent: float
    ceiling_interval: tuple[float, float]
    curve: pd.DataFrame
    objective: Objective


def scaling_fit(trials: pd.DataFrame, *, seed: int = 0, objective: Objective = ACCURACY) -> ScalingFit | None:
    """Fits the law to the frontier by least squares.

    None where fewer than five sizes are on it, or where the best fit lies at a bound (ceiling, lowest or highest exponent):
    then the frontier does not bend as the law does, and a ceiling would be made up.

    For each of 60 exponents from 0.05 to 2, ceiling and scale follow from linear least squares, with scale >= 0 and
    ceiling at most perfect (accuracy 1, error 0); the exponent with the smallest sum of squares is taken. The interval is the
    5th to 95th percentile over 200 bootstrap samples of the trials, each with its own frontier (Efron and Tibshirani 1993,
    chapter 13). The form is that of Hestness et al. 2017 (arXiv 1712.00409). A frontier is made of maxima: the law is of the
    luckiest, not of the mean.

    >>> print(analysis.scaling_fit(trials))  # this frontier does not bend as the law does
    None
    """
    usable = with_size(trials, objective)
    sizes = usable["parameters"].to_numpy(dtype=float)
    values = np.asarray(scores(usable, objective), dtype=np.float64)
    perfect = 1.0 if objective.mode == "max" else 0.0
    front = _front(sizes, values)
    if len(np.unique(sizes[front])) < FEWEST_SIZES:
        return None
    law = _fit(sizes[front], values[front], perfect)
    if law[0] >= perfect or law[2] in (_EXPONENTS[0], _EXPONENTS[-1]):
        return None
    generator = np.random.default_rng(seed)
    laws = []
    for _ in range(_RESAMPLES):
        sample = generator.integers(0, len(sizes), len(sizes))
        front = _front(sizes[sample], values[sample])
        if len(np.unique(sizes[sample][front])) >= 3:
            laws.append(_fit(sizes[sample][front], values[sample][front], perfect))
    grid = np.geomspace(sizes.min(), sizes.max(), 60)
    # Back from scores to the metric: where less is better, the low score is the high value.
    low, high = np.sort(objective.turned(np.percentile([one[0] for one in laws], [5, 95])))
    band = np.sort(objective.turned(np.percentile([_score(one, grid) for one in laws], [5, 95], axis=0)), axis=0)
    line = objective.turned(_score(law, grid))
    curve = pd.DataFrame({"parameters": grid, objective.key: line, "low": band[0], "high": band[1]})
    return ScalingFit(objective.turned(law[0]), law[1], law[2], (float(low), float(high)), curve, objective)


def _front(sizes: _Floats, values: _Floats) -> list[int]:
    return pareto_front(values.tolist(), sizes.tolist())


def _score(law: tuple[float, float, float], sizes: _Floats) -> _Floats:
    ceiling, scale, exponent = law
    values: _Floats = ceiling - scale * sizes**-exponent
    return values


def _fit(sizes: _Floats, values: _Floats, perfect: float) -> tuple[float, float, float]:
    """Ceiling, scale and exponent of least squares."""
    powers = sizes[None, :] ** -_EXPONENTS[:, None]
    mean_power, mean_value = powers.mean(axis=1, keepdims=True), values.mean()
    covariance = ((powers - mean_power) * (values - mean_value)).sum(axis=1)
    variance = ((powers - mean_power) ** 2).sum(axis=1)
    scale = np.maximum(0.0, -covariance / np.maximum(variance, 1e-300))
    ceiling = mean_value + scale * mean_power[:, 0]
    over = ceiling > perfect  # then the best scale with the ceiling held there
    held = ((perfect - values) * powers).sum(axis=1) / (powers**2).sum(axis=1)
    ceiling, scale = np.where(over, perfect, ceiling), np.where(over, held, scale)
    misses = ((ceiling[:, None] - scale[:, None] * powers - values) ** 2).sum(axis=1)
    best = int(np.argmin(misses))
    return float(ceiling[best]), float(scale[best]), float(_EXPONENTS[best])
