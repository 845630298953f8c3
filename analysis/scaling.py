"""How accuracy grows with parameters, and where it would end: a saturating power law through the frontier."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.columns import with_size
from tuner.runs.pareto import pareto_front

_Floats = npt.NDArray[np.float64]

FEWEST_SIZES = 5
"""Sizes on the frontier below which three numbers are not fitted."""

_EXPONENTS = np.geomspace(0.05, 2.0, 60)
_RESAMPLES = 200


@dataclass(frozen=True)
class ScalingFit:
    """The law ``accuracy = ceiling - scale * parameters ** -exponent`` and how sure it is.

    Attributes:
        ceiling: the accuracy that ever larger networks of these spaces and data would come to.
        scale: factor of the power.
        exponent: how fast the rest shrinks.
        ceiling_interval: 90 % bootstrap interval of the ceiling.
        curve: columns ``parameters``, ``accuracy``, ``low``, ``high`` over the range of sizes, for drawing.
    """

    ceiling: float
    scale: float
    exponent: float
    ceiling_interval: tuple[float, float]
    curve: pd.DataFrame


def scaling_fit(trials: pd.DataFrame, *, seed: int = 0) -> ScalingFit | None:
    """Fits the law to the frontier by least squares.

    None where fewer than five sizes are on it, or where the best fit lies at a bound (ceiling 1, lowest or highest exponent):
    then the frontier does not bend as the law does, and a ceiling would be made up.

    For each of 60 exponents from 0.05 to 2, ceiling and scale follow from linear least squares, with scale >= 0 and
    ceiling <= 1; the exponent with the smallest sum of squares is taken. The interval is the 5th to 95th percentile over 200
    bootstrap samples of the trials, each with its own frontier (Efron and Tibshirani 1993, chapter 13). The form is that
    of Hestness et al. 2017 (arXiv 1712.00409). A frontier is made of maxima: the law is of the luckiest, not of the mean.
    """
    usable = with_size(trials)
    sizes = usable["parameters"].to_numpy(dtype=float)
    accuracies = usable["val_accuracy"].to_numpy(dtype=float)
    front = _front(sizes, accuracies)
    if len(np.unique(sizes[front])) < FEWEST_SIZES:
        return None
    law = _fit(sizes[front], accuracies[front])
    if law[0] >= 1.0 or law[2] in (_EXPONENTS[0], _EXPONENTS[-1]):
        return None
    generator = np.random.default_rng(seed)
    laws = []
    for _ in range(_RESAMPLES):
        sample = generator.integers(0, len(sizes), len(sizes))
        front = _front(sizes[sample], accuracies[sample])
        if len(np.unique(sizes[sample][front])) >= 3:
            laws.append(_fit(sizes[sample][front], accuracies[sample][front]))
    grid = np.geomspace(sizes.min(), sizes.max(), 60)
    band = np.percentile([_accuracy(one, grid) for one in laws], [5, 95], axis=0)
    low, high = np.percentile([one[0] for one in laws], [5, 95])
    curve = pd.DataFrame({"parameters": grid, "accuracy": _accuracy(law, grid), "low": band[0], "high": band[1]})
    return ScalingFit(*law, (float(low), float(high)), curve)


def _front(sizes: _Floats, accuracies: _Floats) -> list[int]:
    return pareto_front(accuracies.tolist(), sizes.tolist())


def _accuracy(law: tuple[float, float, float], sizes: _Floats) -> _Floats:
    ceiling, scale, exponent = law
    values: _Floats = ceiling - scale * sizes**-exponent
    return values


def _fit(sizes: _Floats, accuracies: _Floats) -> tuple[float, float, float]:
    """Ceiling, scale and exponent of least squares."""
    powers = sizes[None, :] ** -_EXPONENTS[:, None]
    mean_power, mean_accuracy = powers.mean(axis=1, keepdims=True), accuracies.mean()
    covariance = ((powers - mean_power) * (accuracies - mean_accuracy)).sum(axis=1)
    variance = ((powers - mean_power) ** 2).sum(axis=1)
    scale = np.maximum(0.0, -covariance / np.maximum(variance, 1e-300))
    ceiling = mean_accuracy + scale * mean_power[:, 0]
    over = ceiling > 1.0  # then the best scale with the ceiling held at 1
    held = ((1.0 - accuracies) * powers).sum(axis=1) / (powers**2).sum(axis=1)
    ceiling, scale = np.where(over, 1.0, ceiling), np.where(over, held, scale)
    misses = ((ceiling[:, None] - scale[:, None] * powers - accuracies) ** 2).sum(axis=1)
    best = int(np.argmin(misses))
    return float(ceiling[best]), float(scale[best]), float(_EXPONENTS[best])
