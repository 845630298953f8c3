"""Ranks the trials of a run."""

from typing import Literal

import pandas as pd

from analysis.fronts import frontier

By = Literal["accuracy", "frontier"]


def rank(trials: pd.DataFrame, *, by: By = "accuracy", top: int | None = None) -> pd.DataFrame:
    """The trials in order, with the columns ``rank`` (from 1) and ``on_frontier`` before the others.

    Args:
        trials: as in ``Run.trials``; rows without an accuracy are left out.
        by: "accuracy" puts the most accurate first, of equals the smallest. "frontier" takes the trials that nobody
            dominates first, from the smallest up, then those that only these dominate, and so on.
        top: rows to return, None for all.
    """
    usable = trials[trials["val_accuracy"].notna()]
    on_frontier = set(frontier(usable)["trial_id"])
    if by == "accuracy":
        ordered = usable.sort_values(["val_accuracy", "parameters", "trial_id"], ascending=[False, True, True])
    else:
        ordered = _by_layers(usable)
    ordered = ordered.head(top) if top is not None else ordered
    ordered = ordered.reset_index(drop=True)
    ordered.insert(0, "rank", range(1, len(ordered) + 1))
    ordered.insert(1, "on_frontier", ordered["trial_id"].isin(on_frontier))
    return ordered


def _by_layers(trials: pd.DataFrame) -> pd.DataFrame:
    layers = []
    left = trials
    while not left.empty:
        layer = frontier(left)
        layers.append(layer)
        left = left[~left["trial_id"].isin(layer["trial_id"])]
    return pd.concat(layers) if layers else trials
