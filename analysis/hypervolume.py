"""How good a frontier is, as one number."""

import math
from dataclasses import dataclass

import pandas as pd

from analysis.fronts import frontier
from tuner.errors import InputError


@dataclass(frozen=True)
class Reference:
    """The corner that a hypervolume is measured from: an accuracy and a number of parameters that are worth nothing."""

    accuracy: float = 0.0
    parameters: int = 10_000_000

    def __post_init__(self) -> None:
        """Refuses what has no logarithm."""
        if self.parameters < 1:
            raise InputError(f"the reference needs at least 1 parameter; received {self.parameters}")


REFERENCE = Reference()
"""Accuracy 0 at ten million parameters. It is fixed beforehand and not taken from a run's own trials, so that the figures of
different runs can be compared; no network of the named spaces is as large, so every trial adds what it is worth."""


def hypervolume(trials: pd.DataFrame, reference: Reference = REFERENCE) -> float:
    """The area that the frontier dominates, in accuracy times decades of parameters.

    With the frontier's sizes ``p_1 < ... < p_n`` below the reference, ``p_(n+1)`` the reference's, and accuracies ``a_i``:
    ``sum_i max(0, a_i - a_ref) * (log10 p_(i+1) - log10 p_i)``. Parameters are on a logarithmic axis, since a saving of
    half counts the same at every size. Points beyond the reference add nothing; 0 where no trial has an accuracy.
    """
    front = frontier(trials)
    front = front[(front["parameters"] < reference.parameters) & (front["val_accuracy"] > reference.accuracy)]
    edges = [math.log10(size) for size in [*front["parameters"].tolist(), reference.parameters]]
    heights = [accuracy - reference.accuracy for accuracy in front["val_accuracy"].tolist()]
    return float(sum(h * (right - left) for h, left, right in zip(heights, edges[:-1], edges[1:], strict=True)))
