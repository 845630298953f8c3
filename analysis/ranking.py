"""Ranks trials by accuracy, frontier or knee, and configurations over the seeds that they were trained from."""

from typing import Literal

import pandas as pd

from analysis.columns import CONFIG, with_accuracy
from analysis.frontier import knee_heights, pareto_ranks

By = Literal["accuracy", "frontier", "knee"]


def rank(
    trials: pd.DataFrame, *, by: By = "accuracy", top: int | None = None, max_params: int | None = None
) -> pd.DataFrame:
    """The trials in order, with the columns ``rank`` (from 1), ``on_frontier`` and ``layer`` (``pareto_ranks``) first.

    Args:
        trials: as in ``Run.trials``; rows without an accuracy are left out, and those without a size come last.
        by: "accuracy" puts the most accurate first, of equals the smallest. "frontier" takes the trials that nobody
            dominates first, from the smallest up, then those that only these dominate, and so on. "knee" takes those
            first that lie farthest above the line between the frontier's ends (``knee_heights``).
        top: rows to return, None for all.
        max_params: a budget: only trials of at most so many parameters are ranked.
    """
    usable = with_accuracy(trials)
    if max_params is not None:
        usable = usable[usable["parameters"] <= max_params]
    usable = usable.assign(layer=pareto_ranks(usable).astype("Int64"))
    ordered = _order(usable, by)
    ordered = ordered.head(top) if top is not None else ordered
    ordered = ordered.reset_index(drop=True)
    ordered.insert(0, "rank", range(1, len(ordered) + 1))
    ordered.insert(1, "on_frontier", (ordered["layer"] == 1).fillna(value=False).astype(bool))
    ordered.insert(2, "layer", ordered.pop("layer"))
    return ordered


def _order(usable: pd.DataFrame, by: By) -> pd.DataFrame:
    match by:
        case "accuracy":
            keys, ascending = ["val_accuracy", "parameters", "trial_id"], [False, True, True]
        case "frontier":
            keys, ascending = ["layer", "parameters", "val_accuracy", "trial_id"], [True, True, False, True]
        case "knee":
            usable = usable.assign(_key=knee_heights(usable))
            keys, ascending = ["_key", "parameters", "trial_id"], [False, True, True]
    return usable.sort_values(keys, ascending=ascending).drop(columns="_key", errors="ignore")


def by_configuration(trials: pd.DataFrame) -> pd.DataFrame:
    """A row a configuration, the most accurate in the mean first.

    Columns: ``trials`` (ids, with commas), ``seeds`` (how many have an accuracy), ``val_accuracy`` (mean of the best epochs),
    ``spread`` (standard deviation, with n - 1; missing where there is one seed), ``lowest``, ``highest``, ``parameters``, and
    the hyperparameters. Trials that were stopped early count with what they reached.

    Args:
        trials: as in ``Run.trials``; rows without an accuracy are left out.
    """
    usable = with_accuracy(trials)
    names = [str(name) for name in usable.columns if str(name).startswith(CONFIG)]
    groups = [group for _, group in usable.groupby(names, dropna=False, sort=False)] if names else [usable]
    rows = [
        {
            "trials": ",".join(sorted(group["trial_id"])),
            "seeds": len(group),
            "val_accuracy": group["val_accuracy"].mean(),
            "spread": group["val_accuracy"].std(),
            "lowest": group["val_accuracy"].min(),
            "highest": group["val_accuracy"].max(),
            "parameters": group["parameters"].iloc[0],
            **group[names].iloc[0],
        }
        for group in groups
        if len(group)
    ]
    columns = ["trials", "seeds", "val_accuracy", "spread", "lowest", "highest", "parameters", *names]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["val_accuracy", "parameters"], ascending=[False, True], ignore_index=True)
