"""The decision that a search leads to, in one sentence."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.descriptions import percent
from analysis.frontier import knee
from analysis.ranking import rank


@dataclass(frozen=True)
class Recommendation:
    """The trial to take, and the most accurate one to hold it against: rows of ``Run.trials``."""

    chosen: "pd.Series[Any]"
    best: "pd.Series[Any]"

    @property
    def times_smaller(self) -> float:
        """Parameters of the most accurate over those of the chosen."""
        return float(self.best["parameters"] / self.chosen["parameters"])

    @property
    def sentence(self) -> str:
        """Which trial, its accuracy and size, and how it compares with the most accurate."""
        chosen, best = self.chosen, self.best
        if pd.isna(chosen["parameters"]):
            accuracy = percent(best["val_accuracy"])
            return f"Trial {best['trial_id']} has the highest validation accuracy, {accuracy}; sizes are not known."
        take = (
            f"Take trial {chosen['trial_id']}: {percent(chosen['val_accuracy'])} validation accuracy with "
            f"{chosen['parameters']:,} parameters"
        )
        if chosen["trial_id"] == best["trial_id"]:
            return f"{take}; no other trial is more accurate."
        points = 100 * (best["val_accuracy"] - chosen["val_accuracy"])
        return (
            f"{take}; the most accurate, trial {best['trial_id']}, gains {points:.1f} "
            f"{'point' if f'{points:.1f}' == '1.0' else 'points'} with {_times(self.times_smaller)} the parameters."
        )


def recommend(trials: pd.DataFrame) -> Recommendation | None:
    """The knee of the frontier against the most accurate trial, None where no trial has an accuracy.

    Where no size is known, the most accurate is both.
    """
    ranked = rank(trials, top=1)
    if ranked.empty:
        return None
    best = str(ranked["trial_id"].iloc[0])
    return Recommendation(_row(trials, knee(trials) or best), _row(trials, best))


def chosen_trial(trials: pd.DataFrame) -> str:
    """The id of the trial to take, empty where no trial has an accuracy."""
    decision = recommend(trials)
    return str(decision.chosen["trial_id"]) if decision else ""


def _row(trials: pd.DataFrame, trial: str) -> "pd.Series[Any]":
    return trials[trials["trial_id"] == trial].iloc[0]


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor >= 10 else f"{factor:.1f} times"
