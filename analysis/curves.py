"""Learning curves, and the epoch where overfitting begins."""

import pandas as pd

from analysis.columns import require
from analysis.ranking import By, rank
from analysis.results import Results

_MEASURES = ["train_loss", "train_accuracy", "val_loss", "val_accuracy"]


def overfitting_epochs(epochs: pd.DataFrame) -> "pd.Series[int]":
    """The epoch where overfitting begins, by trial: the first after the lowest validation loss (the earliest of equals).

    Trials whose validation loss was lowest in their last epoch are left out: they had not begun to overfit.
    """
    require(epochs, "trial_id", "epoch", "val_loss")
    known = epochs[epochs["val_loss"].notna()].sort_values(["trial_id", "epoch"])
    turns = known.loc[known.groupby("trial_id")["val_loss"].idxmin()].set_index("trial_id")["epoch"]
    last = epochs.groupby("trial_id")["epoch"].max().reindex(turns.index)
    return (turns[turns < last] + 1).astype("int64").rename("overfitting_epoch")


def learning_curves(run: Results, *, top: int = 5, by: By = "accuracy") -> pd.DataFrame:
    """A row an epoch of the ``top`` trials, best first: ``trial_id``, ``epoch``, the losses and accuracies of training and
    validation, and ``overfitting`` (True from the epoch where it begins).
    """
    chosen = rank(run.trials, by=by, top=top)["trial_id"].tolist()
    curves = run.epochs[run.epochs["trial_id"].isin(chosen)]
    begins = curves["trial_id"].map(overfitting_epochs(run.epochs)).astype(float)
    curves = curves[["trial_id", "epoch", *_MEASURES]].assign(overfitting=(curves["epoch"] >= begins).astype(bool))
    order = curves["trial_id"].map({trial: place for place, trial in enumerate(chosen)})
    return curves.assign(_order=order).sort_values(["_order", "epoch"]).drop(columns="_order").reset_index(drop=True)
