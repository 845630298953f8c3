"""Trials on folds as configurations: means over folds, and which of them can be compared."""

import pandas as pd

from analysis.columns import require, scored
from tuner.metrics import ACCURACY, Objective

_LOSSES = ("val_loss", "train_accuracy", "train_loss")


def over_folds(trials: pd.DataFrame, *, objective: Objective = ACCURACY) -> pd.DataFrame:
    """One row per configuration: that of its trial on the first fold, with means over the completed folds.

    Means are of the validation metrics, the losses and the training accuracy; where no fold is completed, they are those of
    the first. Beside the columns of ``trials`` there are ``folds`` (how many are completed) and ``spread`` (standard deviation
    of the objective over these, with n - 1; missing for one). ``seconds`` is that of all folds. A status is "completed" where
    all trials of the configuration are, and "running" until they have ended.

    Args:
        trials: as in ``Run.trials`` of a search with folds.
    """
    require(trials, "trial_id", "fold", "status", objective.column)
    means = [name for name in trials.columns if str(name).startswith("val_") or name in _LOSSES]
    rows = []
    for _, group in trials.groupby(trials["trial_id"].astype(int) - trials["fold"], sort=False):
        ordered = group.sort_values("fold")
        done = scored(ordered[ordered["status"] == "completed"], objective)
        row = ordered.iloc[0].copy()
        if len(done):
            row[means] = done[means].mean(skipna=False)
        row["seconds"] = ordered["seconds"].sum()
        row["status"] = _status(ordered["status"])
        row["folds"], row["spread"] = len(done), done[objective.column].std()
        rows.append(row)
    columns = [*trials.columns.drop("fold"), "folds", "spread"]
    return pd.DataFrame(rows, columns=columns, index=range(len(rows))).astype(
        {**trials.dtypes.drop("fold").to_dict(), "folds": "int64", "spread": "float64"}
    )


def _status(of_folds: "pd.Series[str]") -> str:
    """The first that is not "completed", where all have ended."""
    if of_folds.isin(["running", "pending"]).any():
        return "running"
    others = of_folds[of_folds != "completed"]
    return "completed" if others.empty else str(others.iloc[0])


def with_most_folds(configurations: pd.DataFrame) -> pd.DataFrame:
    """The configurations with a mean over as many folds as any has: with fewer, a mean says less, and is of other texts."""
    folds = configurations["folds"]
    most: pd.DataFrame = configurations[folds == folds.max()].reset_index(drop=True)
    return most
