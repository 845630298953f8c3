"""Ranks the trials of a run."""

from typing import Literal

import pandas as pd

from analysis.columns import with_accuracy
from analysis.fronts import knee_heights, layers

By = Literal["accuracy", "frontier", "knee"]


def rank(
    trials: pd.DataFrame, *, by: By = "accuracy", top: int | None = None, max_params: int | None = None
) -> pd.DataFrame:
    """The trials in order, with the columns ``rank`` (from 1), ``on_frontier`` and ``layer`` (``layers``) before the others.

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
    usable = usable.assign(layer=layers(usable).astype("Int64"))
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
