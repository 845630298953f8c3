"""What models are measured by on texts that they were not trained on, and which of it a search pursues.

A new metric is one entry of ``METRICS``: reports, journal, tables and analysis know metrics by their names.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Mode = Literal["max", "min"]
Values = TypeVar("Values", float, "pd.Series[float]", "NDArray[np.float64]")


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of texts, in their order.

    Attributes:
        labels: int [texts], the right classes.
        predicted: int [texts], the most probable class, the first of several.
        log_probabilities: float64 [texts, classes].
    """

    labels: "NDArray[np.integer[Any]]"
    predicted: "NDArray[np.int64]"
    log_probabilities: "NDArray[np.float64]"

    @classmethod
    def of_logits(cls, logits: "NDArray[np.float32]", labels: "NDArray[np.integer[Any]]") -> "Predictions":
        """Makes them of outputs before softmax.

        Args:
            logits: ``[texts, classes]``, or ``[texts, 1]``, of which a sigmoid tells two classes apart.
            labels: ``[texts]``.
        """
        import numpy as np

        scores = logits.astype(np.float64)
        if scores.shape[1] == 1:
            scores = np.concatenate([np.zeros_like(scores), scores], axis=1)
        scores -= scores.max(axis=1, keepdims=True)
        return cls(labels, scores.argmax(axis=1), scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats."""
        return float(-self.log_probabilities[range(len(self.labels)), self.labels].mean())


@dataclass(frozen=True)
class Objective:
    """The metric of the validation set that a search pursues, and whether more or less of it is better."""

    name: str
    mode: Mode

    @property
    def column(self) -> str:
        """Its column in the tables of a run."""
        return f"val_{self.name}"

    @property
    def test_column(self) -> str:
        """The same of the test set."""
        return f"test_{self.name}"

    @property
    def metric(self) -> "Metric":
        """How it is measured and shown."""
        return METRICS[self.name]

    def turned(self, values: Values) -> Values:
        """Values of the metric, or a column of them, as scores, of which higher is better; scores as values."""
        return values if self.mode == "max" else 0.0 - values  # and not -values, which makes -0 of 0

    def score(self, metrics: Mapping[str, float | None]) -> float | None:
        """The metric, turned so that higher is better; None where it was not reported or is no number."""
        value = metrics.get(self.name)
        return None if value is None or not math.isfinite(value) else self.turned(value)


ACCURACY = Objective("accuracy", "max")


@dataclass(frozen=True)
class Metric:
    """A figure of predictions, with what is better of it.

    Attributes:
        measure: from predictions to the figure.
        title: what people read.
        short: the same for headings of narrow tables.
        percent: whether it is a share that people read in percent.
        worthless: the value from which hypervolumes are measured: a model that has it is worth nothing.
        good, better, best: adjectives of models that have such values.
    """

    name: str
    mode: Mode
    measure: Callable[[Predictions], float]
    title: str
    short: str
    percent: bool
    worthless: float
    good: str = "good"
    better: str = "better"
    best: str = "best"

    @property
    def objective(self) -> Objective:
        """This metric as what a search pursues."""
        return Objective(self.name, self.mode)


_ACCURACY = Metric(
    "accuracy", "max", lambda found: float((found.predicted == found.labels).mean()),
    title="accuracy", short="acc", percent=True, worthless=0.0,
    good="accurate", better="more accurate", best="most accurate",
)  # fmt: skip
METRICS = {metric.name: metric for metric in (_ACCURACY,)}


def measured(predictions: Predictions) -> dict[str, float]:
    """All metrics by name."""
    return {name: metric.measure(predictions) for name, metric in METRICS.items()}
