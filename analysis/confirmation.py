"""What a confirmation found: values on the test set with intervals, and which models cannot be told apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.bootstrap import differences, resampled_accuracies, resampled_metric
from analysis.descriptions import value_text
from analysis.ensembles import ENSEMBLE
from analysis.loading import Run
from analysis.predictions import labels_and_predictions
from analysis.tested_ensemble import tested_ensemble
from tuner.formatting import counted
from tuner.measures import Predictions
from tuner.metrics import ACCURACY, Objective

LEVEL = 0.95
"""How often an interval is to hold the truth."""


@dataclass(frozen=True, eq=False)
class Confirmation:
    """The confirmed models of a run.

    Attributes:
        objective: the metric that order, intervals and ties are of: what the search pursued where it follows from the
            predictions; else accuracy, since probabilities of all classes are not kept.
        others: what stands beside it: the metric that the search pursued, and accuracy, where they are others.
        models: one row per model, the best on the test set first. Columns: ``model`` (a trial's id, a baseline's name, or
            "ensemble": of the repeats of its members, where all of them were confirmed), ``parameters``, ``repeats``
            (completed), ``failed`` (diverged or failed), ``val_<metric>``, ``test_<metric>`` and ``test_accuracy`` (means over
            repeats), ``low`` and ``high`` (95 % bootstrap interval of ``objective`` on the test set), ``spread`` (its standard
            deviation between repeats, missing for one), ``test_loss``, and ``tied``: whether the comparisons leave open that
            it is as good as the first.
        comparisons: one row per pair of models on the same test texts, columns ``better``, ``other``, ``difference``, ``low``,
            ``high`` (simultaneous 95 % interval, in hundredths: percentage points) and ``tied``.
        texts: size of the test set.

    >>> analysis.confirmation(run).models["model"].tolist()[:2]
    ['00003', '00028']
    """

    objective: Objective
    others: tuple[Objective, ...]
    models: pd.DataFrame
    comparisons: pd.DataFrame
    texts: int

    @property
    def smallest_tied(self) -> "pd.Series[Any]":
        """The smallest of the models that cannot be distinguished from the best, itself among them."""
        tied = self.models[self.models["tied"]]
        return tied.sort_values("parameters", kind="stable").iloc[0]

    @property
    def sentence(self) -> str:
        """What the test set says about which model to take."""
        best, smallest = self.models.iloc[0], self.smallest_tied
        metric, column = self.objective.metric, self.objective.test_column
        value, low, high = (value_text(best[name], self.objective) for name in (column, "low", "high"))
        named = "" if self.objective == ACCURACY else f" {metric.title}"
        text = (
            f"On {counted(self.texts, 'test text')}, {best['model']} is the {metric.best}: {value}{named} ({low} to {high}) "
            f"with {best['parameters']:,} parameters"
        )
        rivals = self.models["model"][self.models["tied"]].tolist()[1:]
        if not rivals:
            return f"{text}, more than all others that were confirmed."
        text = f"{text}. It cannot be distinguished from {_listed(rivals)}"
        if smallest["model"] == best["model"]:
            return f"{text}, {'which is' if len(rivals) == 1 else 'which are'} larger."
        pair = self.comparisons[
            (self.comparisons["better"] == best["model"]) & (self.comparisons["other"] == smallest["model"])
        ].iloc[0]
        which = "which has" if len(rivals) == 1 else f"of which {smallest['model']} is the smallest:"
        return f"{text}, {which} {smallest['parameters']:,} parameters and {_points(pair, metric.good)}."


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _points(pair: "pd.Series[Any]", good: str) -> str:
    if not np.isfinite(pair["low"]):
        return f"was trained too rarely to say how much less {good} it is"
    return f"{pair['difference']:.1f} points less ({pair['low']:.1f} to {pair['high']:.1f})"


def confirmation(run: Run, *, seed: int = 0) -> Confirmation | None:
    """What ``tuner confirm`` found; None where no repeat of the run is completed.

    How intervals and ties come about is said in ``analysis.bootstrap``; ``seed`` decides its samples.

    Raises:
        InputError: where the predictions of a repeat are missing or damaged.

    >>> analysis.confirmation(run).sentence.partition(":")[0]
    'On 1,600 test texts, 00003 is the most accurate'
    """
    predictions = labels_and_predictions(run)
    if not predictions:
        return None
    averaged, repeats = tested_ensemble(run), run.repeats
    if averaged is not None:
        predictions[ENSEMBLE] = averaged.predictions
        repeats = pd.concat([repeats, averaged.repeats], ignore_index=True)
    for rival in predictions.keys() & set(run.rivals["rival"]):
        # Fitted again it would answer the same: two such trainings say that its seed leaves nothing open.
        predictions[rival] = np.repeat(predictions[rival], 2, axis=1)
    objective = run.objective if run.objective.metric.of_answers else ACCURACY
    values, resampled = _values(predictions, objective, run.settings.data.label_names, seed)
    pairs = pd.DataFrame(
        [vars(pair) | {"tied": pair.tied} for pair in differences(values, resampled, level=LEVEL)],
        columns=["better", "other", "difference", "low", "high", "tied"],
    )
    models = _models(
        repeats,
        run.objective,
        objective,
        {model: float((label == predicted).mean()) for model, (label, predicted) in predictions.items()},
        {
            model: objective.metric.bounded(*np.quantile(part, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
            for model, part in resampled.items()
        },
    )
    best = models["model"].iloc[0]
    rivals = pairs[(pairs["better"] == best) & pairs["tied"]]["other"]
    models["tied"] = models["model"].isin([best, *rivals])
    pairs[["difference", "low", "high"]] *= 100
    others = tuple(other for other in dict.fromkeys((run.objective, ACCURACY)) if other != objective)
    return Confirmation(objective, others, models, pairs, next(iter(predictions.values())).shape[2])


def _values(
    predictions: Mapping[str, NDArray[np.int64]], objective: Objective, names: tuple[str, ...], seed: int
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[np.float64]]]:
    """The metric of each training, or each training's right predictions where it is accuracy; and samples of the means."""
    if objective == ACCURACY:
        correct = {model: label == predicted for model, (label, predicted) in predictions.items()}
        return dict(correct), resampled_accuracies(correct, seed=seed)
    classes = len(names)
    cells = {model: label * classes + predicted for model, (label, predicted) in predictions.items()}

    def measure(counts: NDArray[np.float64]) -> float:
        return objective.metric.measure(Predictions.of_counts(counts, names))

    def of_training(one: NDArray[np.int64]) -> float:
        return measure(np.bincount(one, minlength=classes**2).reshape(classes, classes).astype(np.float64))

    values = {model: np.array([of_training(one) for one in trainings]) for model, trainings in cells.items()}
    return values, resampled_metric(cells, classes, measure, seed=seed)


def _models(
    repeats: pd.DataFrame,
    pursued: Objective,
    objective: Objective,
    accuracies: dict[str, float],
    intervals: dict[str, Any],
) -> pd.DataFrame:
    done = repeats[repeats["status"] == "completed"].groupby("model")
    table = pd.DataFrame(
        {
            "parameters": done["parameters"].first(),
            "repeats": done.size(),
            "failed": repeats.groupby("model").size() - done.size(),
            pursued.column: done[pursued.column].mean(),
            pursued.test_column: done[pursued.test_column].mean(),
            "test_accuracy": accuracies,
            "low": {model: float(interval[0]) for model, interval in intervals.items()},
            "high": {model: float(interval[1]) for model, interval in intervals.items()},
            "spread": done[objective.test_column].std(),
            "test_loss": done["test_loss"].mean(),
        }
    ).dropna(subset=["repeats"])
    table = table.rename_axis("model").reset_index()
    table = table.sort_values(
        [objective.test_column, "parameters"], ascending=[False, True], kind="stable", ignore_index=True
    )
    return table.astype({"parameters": "int64", "repeats": "int64", "failed": "int64"})
