"""What a confirmation found: accuracies on the test set with intervals, and which models cannot be told apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.bootstrap import Correct, differences, resampled_accuracies
from analysis.descriptions import percent
from analysis.loading import Run
from analysis.predictions import right_answers
from tuner.formatting import counted

LEVEL = 0.95
"""How often an interval is to hold the truth."""


@dataclass(frozen=True, eq=False)
class Confirmation:
    """The confirmed models of a run.

    Order, intervals and ties are of accuracy, whatever the search pursued: of each test text it is known whether the answer
    was right.

    Attributes:
        models: one row per model, the most accurate on the test set first. Columns: ``model`` (a trial's id or a baseline's
            name), ``parameters``, ``repeats`` (completed), ``broken`` (diverged or failed), ``val_<metric>``,
            ``test_<metric>`` and ``test_accuracy`` (means over repeats), ``low`` and ``high`` (95 % bootstrap interval of
            the test accuracy), ``spread`` (its standard deviation between repeats, missing for one), ``test_loss``, and
            ``tied``: whether the comparisons leave open that it is as good as the first.
        comparisons: one row per pair of models on the same test texts, columns ``better``, ``other``, ``difference``, ``low``,
            ``high`` (simultaneous 95 % interval, in percentage points) and ``tied``.
        texts: size of the test set.
    """

    models: pd.DataFrame
    comparisons: pd.DataFrame
    texts: int

    @property
    def smallest_tied(self) -> "pd.Series[Any]":
        """The smallest of the models that cannot be told from the most accurate, itself among them."""
        tied = self.models[self.models["tied"]]
        return tied.sort_values("parameters", kind="stable").iloc[0]

    @property
    def sentence(self) -> str:
        """What the test set says about which model to take."""
        best, smallest = self.models.iloc[0], self.smallest_tied
        text = (
            f"On {counted(self.texts, 'test text')}, {best['model']} is the most accurate: {percent(best['test_accuracy'])} "
            f"({percent(best['low'])} to {percent(best['high'])}) with {best['parameters']:,} parameters"
        )
        rivals = self.models["model"][self.models["tied"]].tolist()[1:]
        if not rivals:
            return f"{text}, more than all others that were confirmed."
        text = f"{text}. It cannot be told from {_listed(rivals)}"
        if smallest["model"] == best["model"]:
            return f"{text}, {'which is' if len(rivals) == 1 else 'which are'} larger."
        pair = self.comparisons[
            (self.comparisons["better"] == best["model"]) & (self.comparisons["other"] == smallest["model"])
        ].iloc[0]
        which = "which has" if len(rivals) == 1 else f"of which {smallest['model']} is the smallest:"
        return f"{text}, {which} {smallest['parameters']:,} parameters and {_points(pair)}."


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _points(pair: "pd.Series[Any]") -> str:
    if not np.isfinite(pair["low"]):
        return "was trained too rarely to say how much less accurate it is"
    return f"{pair['difference']:.1f} points less ({pair['low']:.1f} to {pair['high']:.1f})"


def confirmation(run: Run, *, seed: int = 0) -> Confirmation | None:
    """What ``tuner confirm`` found; None where no repeat of the run is completed.

    How intervals and ties come about is said in ``analysis.bootstrap``; ``seed`` decides its samples.

    Raises:
        InputError: where the answers of a repeat are missing or damaged.
    """
    correct = right_answers(run)
    if not correct:
        return None
    for rival in correct.keys() & set(run.rivals["rival"]):
        # Fitted again it would answer the same: two such trainings say that its seed leaves nothing open.
        correct[rival] = np.repeat(correct[rival], 2, axis=0)
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
            run.objective.column: done[run.objective.column].mean(),
            run.objective.test_column: done[run.objective.test_column].mean(),
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
