"""What models say of texts, and the figures that are counted of it, in NumPy: a worker need not import more for them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of texts, in their order.

    Attributes:
        labels: int [texts], the right classes.
        predicted: int [texts], the most probable class, the first of several.
        log_probabilities: float64 [texts, classes].
        label_names: the names of the classes.
    """

    labels: "NDArray[np.integer[Any]]"
    predicted: "NDArray[np.int64]"
    log_probabilities: "NDArray[np.float64]"
    label_names: Sequence[str] = ()

    @classmethod
    def of_logits(
        cls, logits: "NDArray[np.float32]", labels: "NDArray[np.integer[Any]]", label_names: Sequence[str] = ()
    ) -> "Predictions":
        """Makes them of outputs before softmax.

        Args:
            logits: ``[texts, classes]``, or ``[texts, 1]``, of which a sigmoid tells two classes apart.
            labels: ``[texts]``.
            label_names: the names of the classes, which metrics of a named class need.
        """
        import numpy as np

        scores = logits.astype(np.float64)
        if scores.shape[1] == 1:
            scores = np.concatenate([np.zeros_like(scores), scores], axis=1)
        scores -= scores.max(axis=1, keepdims=True)
        log_probabilities = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return cls(labels, scores.argmax(axis=1), log_probabilities, label_names)

    @classmethod
    def of_counts(cls, confusion: "NDArray[np.float64]", label_names: Sequence[str] = ()) -> "Predictions":
        """Of how many texts of each class (rows) were given each class alone: for what follows from these counts."""
        import numpy as np

        found = cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, len(confusion))), label_names)
        found.__dict__["confusion"] = confusion
        return found

    @classmethod
    def of_margins(
        cls,
        right: "NDArray[np.float64]",
        given: "NDArray[np.float64]",
        support: "NDArray[np.float64]",
        label_names: Sequence[str] = (),
    ) -> "Predictions":
        """Of how many texts of each class there are, were given it, and rightly, alone: all that metrics of answers ask for."""
        import numpy as np

        found = cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, len(support))), label_names)
        found.__dict__.update(right=right, given=given, support=support)
        return found

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats."""
        return float(-self.log_probabilities[range(len(self.labels)), self.labels].mean())

    @cached_property
    def confusion(self) -> "NDArray[np.float64]":
        """Texts of each right class (rows) that were given each class (columns): ``[classes, classes]``."""
        import numpy as np

        classes = self.log_probabilities.shape[1]
        pairs = np.bincount(self.labels * classes + self.predicted, minlength=classes * classes)
        return pairs.reshape(classes, classes).astype(np.float64)

    @cached_property
    def right(self) -> "NDArray[np.float64]":
        """Texts of each class that were given that class."""
        right: NDArray[np.float64] = self.confusion.diagonal()
        return right

    @cached_property
    def support(self) -> "NDArray[np.float64]":
        """Texts of each class."""
        support: NDArray[np.float64] = self.confusion.sum(axis=1)
        return support

    @cached_property
    def given(self) -> "NDArray[np.float64]":
        """Texts that were given each class."""
        given: NDArray[np.float64] = self.confusion.sum(axis=0)
        return given


def _ratio(part: "NDArray[np.float64]", whole: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """``part / whole``, and 0 where there is nothing to divide."""
    import numpy as np

    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def recalls(found: Predictions) -> "NDArray[np.float64]":
    """Share of the texts of each class that were given it; 0 for a class without texts."""
    return _ratio(found.right, found.support)


def precisions(found: Predictions) -> "NDArray[np.float64]":
    """Share of the texts given each class that are of it; 0 for a class that was never given."""
    return _ratio(found.right, found.given)


def f1_scores(found: Predictions) -> "NDArray[np.float64]":
    """Harmonic mean of precision and recall of each class; 0 for a class that is neither there nor given."""
    return _ratio(2 * found.right, found.support + found.given)


def occurring(found: Predictions) -> "NDArray[np.bool_]":
    """Whether each class is there or was given: of these the averages are, as in scikit-learn."""
    return found.support + found.given > 0


def matthews_correlation(found: Predictions) -> float:
    """Matthews' correlation for several classes (Gorodkin 2004); 0 where only one class is there, or given."""
    total, right = found.support.sum(), found.right.sum()
    spread = (total**2 - (found.given**2).sum()) * (total**2 - (found.support**2).sum())
    return float((right * total - found.support @ found.given) / math.sqrt(spread)) if spread > 0 else 0.0


def _one_against_rest(found: Predictions, number: int) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Log probabilities of a class, ascending, of the texts of the class and of all the others."""
    import numpy as np

    scores, own = found.log_probabilities[:, number], found.labels == number
    return np.sort(scores[own]), np.sort(scores[~own])


def roc_auc(found: Predictions, number: int) -> float:
    """Chance that a text of the class gets more of its probability than another text; ties count half.

    NaN where the class, or all others, have no text.
    """
    own, others = _one_against_rest(found, number)
    if not len(own) or not len(others):
        return math.nan
    below = others.searchsorted(own, "left") + others.searchsorted(own, "right")
    return float(below.mean() / 2 / len(others))


def average_precision(found: Predictions, number: int) -> float:
    """Mean, over the texts of the class, of the precision at the threshold that just takes the text in.

    NaN where the class has no text.
    """
    import numpy as np

    own, others = _one_against_rest(found, number)
    if not len(own):
        return math.nan
    own_above = len(own) - own.searchsorted(own, "left")
    others_above = len(others) - others.searchsorted(own, "left")
    return float(np.mean(own_above / (own_above + others_above)))


def mean_over_classes(of_class: Callable[[Predictions, int], float]) -> Callable[[Predictions], float]:
    """The mean of a metric over all classes; NaN where it is not defined for one of them."""

    def measure(found: Predictions) -> float:
        classes = range(found.log_probabilities.shape[1])
        return math.fsum(of_class(found, number) for number in classes) / len(classes)

    return measure


def wilson_interval(share: float, texts: int) -> tuple[float, float]:
    """The 95 % interval of a share of right answers among so many texts, at least one (Wilson 1927)."""
    z = 1.959964
    middle = share + z * z / (2 * texts)
    half = z * math.sqrt(share * (1 - share) / texts + z * z / (4 * texts * texts))
    scale = 1 + z * z / texts
    return (middle - half) / scale, (middle + half) / scale
