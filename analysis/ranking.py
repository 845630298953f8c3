"""Ranks trials by their objective, frontier or knee, and configurations over the seeds that they were trained from."""

from typing import Literal

import pandas as pd

from analysis.columns import CONFIG, require, scored, scores, with_size
from analysis.frontier import knee_heights, pareto_ranks
from tuner.metrics import ACCURACY, Objective

By = Literal["metric", "accuracy", "frontier", "knee"]


def rank(
    trials: pd.DataFrame,
    *,
    by: By = "metric",
    top: int | None = None,
    max_params: int | None = None,
    max_bytes: int | None = None,
    objective: Objective = ACCURACY,
    cost: str = "parameters",
) -> pd.DataFrame:
    """The trials in order, with the columns ``rank`` (from 1), ``on_frontier`` and ``layer`` (``pareto_ranks``) first.

    Args:
        trials: as in ``Run.trials``; rows without a value of the objective are left out, and those without a size come last.
        by: "metric" puts the best by the objective first, of equals the smallest; "accuracy" does so whatever the objective
            is. "frontier" takes the trials that nobody
            dominates first, from the smallest up, then those that only these dominate, and so on. "knee" takes those
            first that lie farthest above the line between the frontier's ends (``knee_heights``).
        top: rows to return, None for all.
        max_params: a budget: only trials of at most so many parameters are ranked.
        max_bytes: a budget of the column ``bytes``, which ``tuner.costs.with_costs`` adds.
        objective: what the search pursued.
        cost: the column that frontier and knee are against, and by which equals are told apart: "parameters", or one that
            ``tuner.costs.with_costs`` adds. Trials without parameters come last; those without
            another cost are left out.

    >>> analysis.rank(trials, by="knee", top=2)["trial_id"].tolist()
    ['00006', '00016']
    """
    usable = scored(trials, objective)
    if cost != "parameters":
        usable = with_size(usable, objective, cost)
    if max_params is not None:
        usable = usable[usable["parameters"] <= max_params]
    if max_bytes is not None:
        require(usable, "bytes")
        usable = usable[usable["bytes"] <= max_bytes]
    usable = usable.assign(layer=pareto_ranks(usable, objective=objective, cost=cost).astype("Int64"))
    ordered = _order(usable, by, objective, cost)
    ordered = ordered.head(top) if top is not None else ordered
    ordered = ordered.reset_index(drop=True)
    ordered.insert(0, "rank", range(1, len(ordered) + 1))
    ordered.insert(1, "on_frontier", (ordered["layer"] == 1).fillna(value=False).astype(bool))
    ordered.insert(2, "layer", ordered.pop("layer"))
    return ordered


def _order(usable: pd.DataFrame, by: By, objective: Objective, cost: str) -> pd.DataFrame:
    if by == "knee":
        heights = knee_heights(usable, objective=objective, cost=cost)
    else:
        heights = scores(usable, ACCURACY if by == "accuracy" else objective)
    usable = usable.assign(_key=heights)
    keys, ascending = ["_key", cost, "trial_id"], [False, True, True]
    if by == "frontier":
        keys, ascending = ["layer", cost, "_key", "trial_id"], [True, True, False, True]
    return usable.sort_values(keys, ascending=ascending).drop(columns="_key")


def by_configuration(trials: pd.DataFrame, *, objective: Objective = ACCURACY) -> pd.DataFrame:
    """One row per configuration, the best in the mean first.

    Columns: ``trials`` (ids, with commas), ``seeds`` (how many have a value), ``val_<metric>`` (mean of the best epochs),
    ``spread`` (standard deviation, with n - 1; missing where there is one seed), ``lowest``, ``highest``, ``parameters``, and
    the hyperparameters. Trials that were stopped early count with what they reached.

    Args:
        trials: as in ``Run.trials``; rows without a value of the objective are left out.

    >>> analysis.by_configuration(trials)["val_accuracy"].max().item()
    0.9875
    """
    usable = scored(trials, objective)
    names = [str(name) for name in usable.columns if str(name).startswith(CONFIG)]
    groups = [group for _, group in usable.groupby(names, dropna=False, sort=False)] if names else [usable]
    rows = [
        {
            "trials": ",".join(sorted(group["trial_id"])),
            "seeds": len(group),
            objective.column: group[objective.column].mean(),
            "spread": group[objective.column].std(),
            "lowest": group[objective.column].min(),
            "highest": group[objective.column].max(),
            "parameters": group["parameters"].iloc[0],
            **group[names].iloc[0],
        }
        for group in groups
        if len(group)
    ]
    columns = ["trials", "seeds", objective.column, "spread", "lowest", "highest", "parameters", *names]
    table = pd.DataFrame(rows, columns=columns)
    best_first = [objective.mode == "min", True]
    return table.sort_values([objective.column, "parameters"], ascending=best_first, ignore_index=True)
