"""The frontier of accuracy against parameters, its layers and its knee."""

import numpy as np
import pandas as pd

from analysis.columns import with_size
from tuner.runs.pareto import front_layers, pareto_front


def frontier(trials: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``trials`` that no other row dominates (accuracy up, parameters down), by ascending parameters.

    Rows without an accuracy or a size are left out.
    """
    usable = with_size(trials)
    return usable.iloc[pareto_front(usable["val_accuracy"].tolist(), usable["parameters"].tolist())]


def layers(trials: pd.DataFrame) -> "pd.Series[int]":
    """The frontier layer of every trial with accuracy and size: 1 on the frontier, 2 where only those dominate, and so on."""
    usable = with_size(trials)
    numbers = front_layers(usable["val_accuracy"].tolist(), usable["parameters"].tolist())
    return pd.Series([number + 1 for number in numbers], index=usable.index, name="layer", dtype="int64")


def knee_heights(trials: pd.DataFrame) -> "pd.Series[float]":
    """How far each trial with accuracy and size lies above the straight line between the frontier's ends.

    Parameters are on a logarithmic axis and both axes are scaled so that the frontier spans [0, 1]:
    ``(a - a_first) / (a_last - a_first) - (ln p - ln p_first) / (ln p_last - ln p_first)``, the chord construction of
    "Kneedle" (Satopaa et al. 2011). A frontier of one or two points has no bend: heights are then the accuracies.
    """
    usable = with_size(trials)
    front = frontier(usable)
    ends = front.iloc[[0, -1]] if len(front) else front
    if len(front) < 3 or ends["parameters"].nunique() < 2:
        return usable["val_accuracy"].rename("height")
    sizes, accuracies = np.log(ends["parameters"].to_numpy(dtype=float)), ends["val_accuracy"].to_numpy(dtype=float)
    x = (np.log(usable["parameters"].to_numpy(dtype=float)) - sizes[0]) / (sizes[1] - sizes[0])
    y = (usable["val_accuracy"].to_numpy(dtype=float) - accuracies[0]) / (accuracies[1] - accuracies[0])
    return pd.Series(y - x, index=usable.index, name="height")


def knee(trials: pd.DataFrame) -> str | None:
    """The id of the trial at the knee of the frontier, None where no trial has an accuracy and a size.

    The knee is the frontier's point of greatest ``knee_heights``, the smallest of equals; of a frontier of one or two
    points, the most accurate one.
    """
    front = frontier(trials)
    if front.empty:
        return None
    heights = knee_heights(trials).loc[front.index].to_numpy()
    return str(front["trial_id"].iloc[int(np.argmax(heights))])
