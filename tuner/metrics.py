"""The metrics that models are measured by on texts that they were not trained on, and which of them a search pursues.

A new metric is one entry of ``METRICS``, or of ``CLASS_METRICS`` where it is of a single class: reports, journal, tables and
analysis know metrics by their names.
"""

import importlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from tuner.formatting import shown
from tuner.measures import (
    Predictions,
    average_precision,
    f1_scores,
    matthews_correlation,
    mean_over_classes,
    occurring,
    precisions,
    recalls,
    roc_auc,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Mode = Literal["max", "min"]
Values = TypeVar("Values", float, "pd.Series[float]", "NDArray[np.float64]")


@dataclass(frozen=True)
class Objective:
    """The metric of the validation set that a search pursues, and whether more or less of it is better.

    Attributes:
        name: of the metric.
        mode: what is better.
        baseline: its value where the most frequent label is always given, None where it is not known. A trial that is no
            better is on no frontier.
    """

    name: str
    mode: Mode
    baseline: float | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """Its name in letters, digits and underscores, as tables and charts take it."""
        return _key(self.name)

    @property
    def column(self) -> str:
        """Its column in the tables of a run."""
        return metric_column("val", self.name)

    @property
    def test_column(self) -> str:
        """The same of the test set."""
        return metric_column("test", self.name)

    @property
    def metric(self) -> "Metric":
        """How it is measured and shown."""
        return _metric(self.name, self.mode)

    @property
    def worthless(self) -> float | None:
        """The value from which hypervolumes are measured, None where it is not known."""
        return self.baseline if self.metric.worthless is None else self.metric.worthless

    @property
    def baseline_gap(self) -> float | None:
        """How far the baseline is from a perfect value, None where either is not known."""
        perfect = self.metric.highest if self.mode == "max" else self.metric.lowest
        return None if perfect is None or self.baseline is None else abs(perfect - self.baseline)

    def beats_baseline(self, values: Values) -> Any:
        """Whether values, or a column of them, are better than the baseline; True where there is none."""
        return self.baseline is None or self.turned(values) > self.turned(self.baseline)

    def turned(self, values: Values) -> Values:
        """Values of the metric, or a column of them, as scores, of which higher is better; scores as values."""
        return values if self.mode == "max" else 0.0 - values  # and not -values, which makes -0 of 0

    def score(self, metrics: Mapping[str, float | None]) -> float | None:
        """The metric, turned so that higher is better; None where it was not reported or is no number."""
        value = metrics.get(self.name)
        return None if value is None or not math.isfinite(value) else self.turned(value)


ACCURACY = Objective("accuracy", "max")


def metric_column(part: str, name: str) -> str:
    """The column of a metric in the tables of a run."""
    return f"{part}_{_key(name)}"


def _key(name: str) -> str:
    return re.sub(r"[^\w]+", "_", name)


@dataclass(frozen=True)
class Metric:
    """A figure of predictions, with what is better of it.

    Attributes:
        measure: from predictions to the figure, NaN where it is not defined for them.
        title: what people read.
        short: the same for headings of narrow tables.
        percent: whether it is a share that people read in percent.
        of_answers: whether it follows from how many texts of each class were given each class, whatever the probabilities.
        worthless: the value from which hypervolumes are measured: a model that has it is worth nothing. None where that is
            not known: that of always giving the most frequent label, then.
        lowest, highest: the bounds of its values, None where there is none.
        good, better, best: adjectives of models that have such values.
    """

    name: str
    mode: Mode
    measure: Callable[[Predictions], float]
    title: str
    short: str
    percent: bool = False
    of_answers: bool = False
    worthless: float | None = 0.0
    lowest: float | None = 0.0
    highest: float | None = 1.0
    good: str = "good"
    better: str = "better"
    best: str = "best"

    @property
    def objective(self) -> Objective:
        """This metric as what a search pursues."""
        return Objective(self.name, self.mode)

    def bounded(self, low: float, high: float) -> tuple[float, float]:
        """The part of a range that values can have."""
        return (
            low if self.lowest is None else max(self.lowest, low),
            high if self.highest is None else min(self.highest, high),
        )


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "accuracy", "max", lambda found: float(found.right.sum() / found.support.sum()), "accuracy", "acc", percent=True,
            of_answers=True, good="accurate", better="more accurate", best="most accurate",
        ),
        Metric(
            "balanced_accuracy", "max", lambda found: float(recalls(found)[found.support > 0].mean()),
            "balanced accuracy", "bal acc", percent=True, of_answers=True,
        ),
        Metric(
            "macro_f1", "max", lambda found: float(f1_scores(found)[occurring(found)].mean()), "macro-F1", "mF1",
            percent=True, of_answers=True,
        ),
        Metric(
            "weighted_f1", "max", lambda found: float(f1_scores(found) @ found.support / found.support.sum()),
            "weighted F1", "wF1", percent=True, of_answers=True,
        ),
        Metric("mcc", "max", matthews_correlation, "Matthews correlation", "MCC", of_answers=True, lowest=-1.0),
        Metric("roc_auc", "max", mean_over_classes(roc_auc), "ROC AUC", "AUC", worthless=0.5),
        Metric("average_precision", "max", mean_over_classes(average_precision), "average precision", "AP"),
        Metric("log_loss", "min", lambda found: found.loss, "log loss", "loss", worthless=math.log(50), highest=None),
    )
}  # fmt: skip
"""Metrics over all classes. Every epoch reports them all."""

CLASS_METRICS: dict[str, tuple[str, bool, float, Callable[[Predictions, int], float]]] = {
    "f1": ("F1", True, 0.0, lambda found, number: float(f1_scores(found)[number])),
    "precision": ("precision", True, 0.0, lambda found, number: float(precisions(found)[number])),
    "recall": ("recall", True, 0.0, lambda found, number: float(recalls(found)[number])),
    "roc_auc": ("ROC AUC", False, 0.5, roc_auc),
    "average_precision": ("average precision", False, 0.0, average_precision),
}
"""Metrics of one class against the rest, ``f1:spam``: title, whether in percent, the worthless value, and the measure."""


def _metric(name: str, mode: Mode) -> Metric:
    """The metric of a name: of all classes, of one class, or a function of the user's own (``module:function``)."""
    return METRICS[name] if name in METRICS else _named_metric(name, mode)


@lru_cache
def _named_metric(name: str, mode: Mode) -> Metric:
    kind, separator, label = name.partition(":")
    if kind in CLASS_METRICS and separator:
        title, percent, worthless, of_class = CLASS_METRICS[kind]
        return Metric(
            name,
            "max",
            lambda found: of_class(found, list(found.label_names).index(label)),
            f"{title} of {shown(label)}",
            f"{kind}:{label}",
            percent=percent,
            of_answers=percent,  # shares of answers are those that are read in percent
            worthless=worthless,
        )
    title = label or name
    return Metric(name, mode, _UserMetric(name), title, title, worthless=None, lowest=None, highest=None)


@dataclass(frozen=True)
class _UserMetric:
    """A function of the user's own, imported when it is first called."""

    name: str

    def __call__(self, found: Predictions) -> float:
        import numpy as np

        module, _, function = self.name.partition(":")
        return float(getattr(importlib.import_module(module), function)(found.labels, np.exp(found.log_probabilities)))


def is_users_own(name: str) -> bool:
    """Whether a metric is named as a function of the user's, ``module:function``."""
    kind, separator, _ = name.partition(":")
    return bool(separator) and kind not in CLASS_METRICS


def objective_of(name: str, mode: Mode = "max") -> Objective:
    """The objective of a metric's name; the mode counts for a function of the user's own alone."""
    return Objective(name, _metric(name, mode).mode)


@dataclass(frozen=True)
class Scorer:
    """Measures predictions by all metrics of ``METRICS``, and by the objective where it is none of them.

    Attributes:
        objective: what the search pursues.
        label_names: the names of the classes.
    """

    objective: Objective = ACCURACY
    label_names: tuple[str, ...] = ()

    def predictions(self, logits: "NDArray[np.float32]", labels: "NDArray[np.integer[Any]]") -> Predictions:
        """As ``Predictions.of_logits``."""
        return Predictions.of_logits(logits, labels, self.label_names)

    def measured(self, found: Predictions) -> dict[str, float]:
        """All metrics by name."""
        metrics = {**METRICS, self.objective.name: self.objective.metric}
        return {name: metric.measure(found) for name, metric in metrics.items()}

    def baseline(
        self, train: "NDArray[np.integer[Any]]", validation: "NDArray[np.integer[Any]]"
    ) -> dict[str, float | None]:
        """All metrics, on validation labels, of giving every text the shares of the classes among the training labels.

        The most frequent label is predicted for every text, then. None for metrics that this does not have.
        """
        import numpy as np

        shares = np.bincount(train, minlength=len(self.label_names)) / len(train)
        with np.errstate(divide="ignore"):
            logits = np.tile(np.log(shares), (len(validation), 1))
        return finite(self.measured(self.predictions(np.maximum(logits, -100.0), validation)))


BY_ACCURACY = Scorer()


def finite(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """Metrics with None for those that texts do not have."""
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}
