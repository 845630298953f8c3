"""The frontier of accuracy against parameters, and its knee."""

import numpy as np
import pandas as pd

from tuner.runs.pareto import pareto_front


def frontier(trials: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``trials`` that no other row dominates (accuracy up, parameters down), by ascending parameters.

    Rows without an accuracy are left out.
    """
    usable = trials[trials["val_accuracy"].notna()]
    return usable.iloc[pareto_front(usable["val_accuracy"].tolist(), usable["parameters"].tolist())]


def knee(trials: pd.DataFrame) -> str | None:
    """The id of the trial at the knee of the frontier, None where no trial has an accuracy.

    The knee is the point farthest above the straight line between the frontier's ends, with parameters on a logarithmic axis
    and both axes scaled to [0, 1] (the chord construction of "Kneedle", Satopaa et al. 2011). A frontier of one or two points
    has no bend: its most accurate point is returned.
    """
    front = frontier(trials)
    if front.empty:
        return None
    if len(front) < 3:
        return str(front["trial_id"].iloc[-1])
    sizes = np.log(front["parameters"].to_numpy(dtype=float))
    accuracies = front["val_accuracy"].to_numpy(dtype=float)
    x = (sizes - sizes[0]) / (sizes[-1] - sizes[0])
    y = (accuracies - accuracies[0]) / (accuracies[-1] - accuracies[0])
    return str(front["trial_id"].iloc[int(np.argmax(y - x))])
