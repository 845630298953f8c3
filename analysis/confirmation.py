"""What a confirmation found: accuracies on the test part with intervals, and which models cannot be told apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.bootstrap import Correct, differences, resampled_accuracies
from analysis.loading import Run
from analysis.predictions import right_answers
from analysis.wording import percent

LEVEL = 0.95
"""How often an interval is to hold the truth."""


@dataclass(frozen=True, eq=False)
class Confirmation:
    """The confirmed models of a run.

    Attributes:
        models: a row a model, the most accurate on the test part first. Columns: ``model`` (a trial's id or a baseline's
            name), ``parameters``, ``repeats`` (completed), ``broken`` (diverged or failed), ``val_accuracy`` and
            ``test_accuracy`` (means over repeats), ``low`` and ``high`` (95 % bootstrap interval of the test accuracy),
            ``spread`` (standard deviation between repeats, missing for one), ``test_loss``, and ``tied``: whether the
            comparisons leave open that it is as good as the first.
        comparisons: a row a pair of models on the same test texts, columns ``better``, ``other``, ``difference``, ``low``,
            ``high`` (simultaneous 95 % interval, in percentage points) and ``tied``.
        texts: size of the test part.
    """

    models: pd.DataFrame
    comparisons: pd.DataFrame
    texts: int

    @property
    def smallest_tied(self) -> "pd.Series[Any]":
        """The smallest of the models that cannot be told from the most accurate: the one to take."""
        tied = self.models[self.models["tied"]]
        return tied.sort_values("parameters", kind="stable").iloc[0]

    @property
    def sentence(self) -> str:
        """What the test part says about which model to take."""
        best, take = self.models.iloc[0], self.smallest_tied
        interval = f"({percent(take['low'])} to {percent(take['high'])})"
        text = f"{take['model']} has {percent(take['test_accuracy'])} test accuracy {interval}"
        others = int(self.models["tied"].sum()) - 1
        if take["model"] == best["model"]:
            with_whom = "more accurate than all others confirmed" if not others else f"tied with {others} larger"
            return f"{text}, {with_whom}."
        return f"{text} and is tied with the most accurate, {best['model']} ({percent(best['test_accuracy'])})."


def confirmation(run: Run, *, seed: int = 0) -> Confirmation | None:
    """What ``tuner confirm`` found; None where no repeat of the run is completed.

    How intervals and ties come about is said in ``analysis.bootstrap``; ``seed`` decides its samples.

    Raises:
        InputError: where the answers of a repeat are missing or damaged.
    """
    correct = right_answers(run)
    if not correct:
        return None
    resampled = resampled_accuracies(correct, seed=seed)
    pairs = pd.DataFrame(
        [vars(pair) | {"tied": pair.tied} for pair in differences(correct, resampled, level=LEVEL)],
        columns=["better", "other", "difference", "low", "high", "tied"],
    )
    models = _models(
        run,
        correct,
        {model: np.quantile(part, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) for model, part in resampled.items()},
    )
    best = models["model"].iloc[0]
    rivals = pairs[(pairs["better"] == best) & pairs["tied"]]["other"]
    models["tied"] = models["model"].isin([best, *rivals])
    pairs[["difference", "low", "high"]] *= 100
    return Confirmation(models, pairs, next(iter(correct.values())).shape[1])


def _models(run: Run, correct: Correct, intervals: dict[str, Any]) -> pd.DataFrame:
    done = run.repeats[run.repeats["status"] == "completed"].groupby("model")
    table = pd.DataFrame(
        {
            "parameters": done["parameters"].first(),
            "repeats": done.size(),
            "broken": run.repeats.groupby("model").size() - done.size(),
            "val_accuracy": done["val_accuracy"].mean(),
            "test_accuracy": {model: float(right.mean()) for model, right in correct.items()},
            "low": {model: float(interval[0]) for model, interval in intervals.items()},
            "high": {model: float(interval[1]) for model, interval in intervals.items()},
            "spread": done["test_accuracy"].std(),
            "test_loss": done["test_loss"].mean(),
        }
    ).dropna(subset=["repeats"])
    table = table.rename_axis("model").reset_index()
    table = table.sort_values(
        ["test_accuracy", "parameters"], ascending=[False, True], kind="stable", ignore_index=True
    )
    return table.astype({"parameters": "int64", "repeats": "int64", "broken": "int64"})
