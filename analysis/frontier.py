"""The frontier of objective against a cost: its trials, knee and ranks; its hypervolume, what each step along it costs."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.columns import non_embedding_parameters, require, scores, with_size
from analysis.costs import COSTS, PARAMETERS
from tuner.errors import InputError
from tuner.metrics import ACCURACY, Objective
from tuner.runs.pareto import pareto_front
from tuner.runs.pareto import pareto_ranks as ranks_of_points


def frontier(trials: pd.DataFrame, *, objective: Objective = ACCURACY, cost: str = "parameters") -> pd.DataFrame:
    """The rows of ``trials`` that no other row dominates (better objective, lower cost), by ascending cost.

    Rows without a value of the objective or a cost are left out, and those that are no better than the objective's baseline.

    Args:
        trials: as in ``Run.trials``.
        objective: what the search pursued.
        cost: a column: "parameters", or "multiply_adds" or "bytes" of a run that ``tuner.costs.with_costs`` gives.

    >>> analysis.frontier(trials)["trial_id"].tolist()
    ['00005', '00006', '00001', '00011', '00003', '00028']
    """
    usable = _beating(with_size(trials, objective, cost), objective)
    return usable.iloc[pareto_front(scores(usable, objective).tolist(), usable[cost].tolist())]


def pareto_ranks(
    trials: pd.DataFrame, *, objective: Objective = ACCURACY, cost: str = "parameters"
) -> "pd.Series[int]":
    """The frontier layer of every scored trial with a size: 1 on the frontier, 2 where only those dominate, and so on.

    Trials that are no better than the objective's baseline have none.

    >>> analysis.pareto_ranks(trials).value_counts()[[1, 2]].tolist()
    [6, 8]
    """
    usable = _beating(with_size(trials, objective, cost), objective)
    numbers = ranks_of_points(scores(usable, objective).tolist(), usable[cost].tolist())
    return pd.Series([number + 1 for number in numbers], index=usable.index, name="layer", dtype="int64")


def _beating(trials: pd.DataFrame, objective: Objective) -> pd.DataFrame:
    """The trials that are better than always giving the most frequent label, where it is known what that gives."""
    return trials if objective.baseline is None else trials[objective.beats_baseline(trials[objective.column])]


def knee_heights(
    trials: pd.DataFrame, *, objective: Objective = ACCURACY, cost: str = "parameters"
) -> "pd.Series[float]":
    """How far each scored trial with a size lies above the straight line between the frontier's ends.

    The cost (parameters p, or another) is on a logarithmic axis and both axes are scaled so that the frontier spans [0, 1]:
    ``(a - a_first) / (a_last - a_first) - (ln p - ln p_first) / (ln p_last - ln p_first)``, the chord construction of
    "Kneedle" (Satopaa et al. 2011). A frontier of one or two points has no bend: heights are then the scores, higher is better.

    >>> trials["trial_id"][analysis.knee_heights(trials).idxmax()]
    '00006'
    """
    usable = with_size(trials, objective, cost)
    front, values = frontier(usable, objective=objective, cost=cost), scores(usable, objective)
    ends = front.iloc[[0, -1]] if len(front) else front
    if len(front) < 3 or ends[cost].nunique() < 2:
        return values.rename("height")
    sizes, first_last = np.log(ends[cost].to_numpy(dtype=float)), scores(ends, objective).to_numpy(dtype=float)
    x = (np.log(usable[cost].to_numpy(dtype=float)) - sizes[0]) / (sizes[1] - sizes[0])
    y = (values.to_numpy(dtype=float) - first_last[0]) / (first_last[1] - first_last[0])
    return pd.Series(y - x, index=usable.index, name="height")


def knee(trials: pd.DataFrame, *, objective: Objective = ACCURACY, cost: str = "parameters") -> str | None:
    """The id of the trial at the knee of the frontier, None where no trial has a value of the objective and a size.

    The knee is the frontier's point of greatest ``knee_heights``, the smallest of equals; of a frontier of one or two
    points, the best one.

    >>> analysis.knee(trials)
    '00006'
    """
    front = frontier(trials, objective=objective, cost=cost)
    if front.empty:
        return None
    heights = knee_heights(trials, objective=objective, cost=cost).loc[front.index].to_numpy()
    return str(front["trial_id"].iloc[int(np.argmax(heights))])


@dataclass(frozen=True)
class Reference:
    """The corner that a hypervolume is measured from: what is worth nothing.

    Attributes:
        accuracy: a value of the objective, by default what its metric calls worthless (of accuracy, 0).
        parameters: how many are too many.

    >>> round(analysis.hypervolume(trials, analysis.Reference(accuracy=0.5)), 2)
    1.55
    """

    accuracy: float | None = None
    parameters: int = int(PARAMETERS.worst)

    def __post_init__(self) -> None:
        if self.parameters < 1:
            raise InputError(f"the reference needs at least 1 parameter; received {self.parameters}")


REFERENCE = Reference()
"""Ten million parameters for nothing. It is fixed beforehand and not taken from a run's own trials, so that the figures of
different runs can be compared; no network of the named spaces is as large, so every trial adds what it is worth."""


def hypervolume(
    trials: pd.DataFrame,
    reference: Reference = REFERENCE,
    *,
    objective: Objective = ACCURACY,
    cost: str = "parameters",
) -> float:
    """The area that the frontier dominates, in units of the objective times decades of parameters, or of another cost.

    With the frontier's sizes ``p_1 < ... < p_n`` below the reference, ``p_(n+1)`` the reference's, and scores ``a_i``:
    ``sum_i max(0, a_i - a_ref) * (log10 p_(i+1) - log10 p_i)``. Parameters are on a logarithmic axis, since a saving of
    half counts the same at every size. Points beyond the reference add nothing; 0 where no trial has a score. Another cost is
    measured from a corner of its own: 10 billion multiply-adds, 100 million bytes, a second.

    >>> round(analysis.hypervolume(trials), 2)
    3.2
    """
    front = frontier(trials, objective=objective, cost=cost)
    most = reference.parameters if cost == "parameters" else COSTS[cost].worst
    known = objective.worthless if reference.accuracy is None else reference.accuracy
    floor = float(scores(front, objective).min()) if known is None else objective.turned(known)
    front = front[(front[cost] < most) & (scores(front, objective) > floor)]
    edges = [math.log10(size) for size in [*front[cost].tolist(), most]]
    heights = [score - floor for score in scores(front, objective).tolist()]
    return float(sum(h * (right - left) for h, left, right in zip(heights, edges[:-1], edges[1:], strict=True)))


def accuracy_costs(trials: pd.DataFrame, *, objective: Objective = ACCURACY, cost: str = "parameters") -> pd.DataFrame:
    """The frontier from the smallest trial up, and what each step costs.

    Columns: ``trial_id``, ``val_<metric>``, ``parameters``, ``non_embedding_parameters``, ``seconds``, then against the
    trial before: ``points_gained`` (hundredths: percentage points of accuracy), ``parameters_added``,
    ``parameters_per_point`` (``parameters_added / points_gained``) and ``times_larger``; missing in the first row. Of twins
    the first is taken. Against another cost its name is in the place of ``parameters`` in these, and its column beside them.

    >>> analysis.accuracy_costs(trials)["points_gained"].round(1).tolist()
    [nan, 19.6, 0.4, 9.3, 7.5, 1.9]
    """
    require(trials, "seconds")
    front = frontier(trials, objective=objective, cost=cost).drop_duplicates(cost).reset_index(drop=True)
    steps = front[list(dict.fromkeys(["trial_id", objective.column, "parameters", cost]))].copy()
    steps["non_embedding_parameters"] = non_embedding_parameters(front)
    steps["seconds"] = front["seconds"]
    steps["points_gained"] = 100 * scores(steps, objective).diff()
    steps[f"{cost}_added"] = steps[cost].diff()
    steps[f"{cost}_per_point"] = steps[f"{cost}_added"] / steps["points_gained"]
    steps["times_larger"] = steps[cost] / steps[cost].shift()
    return steps
