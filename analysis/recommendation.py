"""The decision that a search leads to, in one sentence."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.costs import COSTS, PARAMETERS, Cost
from analysis.descriptions import value_text
from analysis.frontier import knee
from analysis.loading import Results
from analysis.ranking import rank
from tuner.formatting import counted
from tuner.metrics import ACCURACY, Objective

RIVAL_TITLES = {"logistic-regression": "the logistic regression", "nb-svm": "the NB-SVM"}


@dataclass(frozen=True)
class Recommendation:
    """The trial to take, and the best one to hold it against: rows of ``Run.candidates``.

    Attributes:
        rival: the best of the linear models of n-grams, a row of ``Run.rivals``; None where there is none.
        cost: what is weighed against the objective.

    >>> analysis.recommend(trials).best["trial_id"]
    '00028'
    """

    chosen: "pd.Series[Any]"
    best: "pd.Series[Any]"
    objective: Objective
    rival: "pd.Series[Any] | None" = None
    cost: Cost = PARAMETERS

    @property
    def takes_rival(self) -> bool:
        """Whether no trial is better than the rival, or as good and smaller. Of rivals no other cost is known."""
        if self.rival is None:
            return False
        rival, best = (self.objective.turned(row[self.objective.column]) for row in (self.rival, self.best))
        if self.cost != PARAMETERS:
            return bool(rival > best)
        smaller = not pd.isna(self.best["parameters"]) and self.best["parameters"] < self.rival["parameters"]
        return bool(rival > best or (rival == best and not smaller))

    @property
    def times_smaller(self) -> float:
        """Parameters of the best over those of the chosen; or the other cost."""
        return float(self.best[self.cost.column] / self.chosen[self.cost.column])

    @property
    def sentence(self) -> str:
        """Which model, its value and size, and how it compares with the best trial and the best rival."""
        if self.rival is None:
            return self._trial_sentence
        name, value = self.rival["rival"], value_text(self.rival[self.objective.column], self.objective)
        if not self.takes_rival or not self.objective.beats_baseline(self.rival[self.objective.column]):
            than = f"{value} with {self.rival['parameters']:,} parameters"
            return f"{self._trial_sentence} The best linear model of n-grams, {name}, has {than}."
        best = value_text(self.best[self.objective.column], self.objective)
        return (
            f"Take {RIVAL_TITLES[name]} ({name}): {value} validation {self.objective.metric.title} with "
            f"{self.rival['parameters']:,} parameters; no network here is better. The best, trial "
            f"{self.best['trial_id']}, has {best}{self._size_of_best}."
        )

    @property
    def _size_of_best(self) -> str:
        size = self.best[self.cost.column]
        return "" if pd.isna(size) else f" with {self.cost.amount(size)}"

    @property
    def _trial_sentence(self) -> str:
        """Which trial, its value and size, and how it compares with the best."""
        chosen, best, objective = self.chosen, self.best, self.objective
        metric, column = objective.metric, objective.column
        if objective.baseline is not None and not objective.beats_baseline(best[column]):
            value = value_text(objective.baseline, objective)
            return (
                f"No trial has a better validation {metric.title} than always giving the most frequent label, {value}: search "
                "longer, with more texts, or by a metric that counts every class alike, as macro_f1."
            )
        if pd.isna(chosen[self.cost.column]):
            most = "highest" if objective.mode == "max" else "lowest"
            value = value_text(best[column], objective)
            return f"Trial {best['trial_id']} has the {most} validation {metric.title}, {value}; sizes are not known."
        over = f" (mean over {counted(chosen['folds'], 'fold')})" if "folds" in chosen else ""
        take = (
            f"Take trial {chosen['trial_id']}: {value_text(chosen[column], objective)} validation {metric.title}{over} with "
            f"{self.cost.amount(chosen[self.cost.column])}"
        )
        if chosen["trial_id"] == best["trial_id"]:
            return f"{take}; no other trial is {metric.better}."
        return (
            f"{take}; the {metric.best}, trial {best['trial_id']}, gains {self._gain()} with "
            f"{_times(self.times_smaller)} the {self.cost.noun}."
        )

    def _gain(self) -> str:
        """How much better the best is: in points where people read the metric in percent."""
        gain = self.objective.turned(self.best[self.objective.column] - self.chosen[self.objective.column])
        if not self.objective.metric.percent:
            return f"{gain:.3f}"
        points = f"{100 * gain:.1f}"
        return f"{points} {'point' if points == '1.0' else 'points'}"


def recommend(
    trials: pd.DataFrame,
    *,
    objective: Objective = ACCURACY,
    rivals: pd.DataFrame | None = None,
    cost: str = "parameters",
) -> Recommendation | None:
    """The knee of the frontier against the best trial, and the best rival; None where no trial has finished an epoch.

    Where no size is known, the best is both.

    Args:
        rivals: ``Run.rivals``, where there are any.
        cost: a column of the trials; of another than parameters, those without it are left out.

    >>> analysis.recommend(trials).chosen["trial_id"]
    '00006'
    """
    ranked = rank(trials, top=1, objective=objective, cost=cost)
    if ranked.empty:
        return None
    best = str(ranked["trial_id"].iloc[0])
    usable = rivals[rivals[objective.column].notna()] if rivals is not None else pd.DataFrame()
    return Recommendation(
        _row(trials, knee(trials, objective=objective, cost=cost) or best),
        _row(trials, best),
        objective,
        None if usable.empty else usable.iloc[0],
        COSTS[cost],
    )


def chosen_trial(run: Results) -> str:
    """The id of the trial to take, empty where no trial has finished an epoch."""
    decision = recommend(run.candidates, objective=run.objective)
    return str(decision.chosen["trial_id"]) if decision else ""


def _row(trials: pd.DataFrame, trial: str) -> "pd.Series[Any]":
    return trials[trials["trial_id"] == trial].iloc[0]


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor >= 10 else f"{factor:.1f} times"
