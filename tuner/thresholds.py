"""Decision thresholds: offsets of the classes' log probabilities, chosen so that the answers have more of a metric.

The answer is ``argmax(log p + offset)``. The class with the most texts has offset 0; of two classes this is one threshold of
the probability, as scikit-learn's ``TunedThresholdClassifierCV`` chooses it. They are for metrics that weigh rare classes up:
argmax aims at accuracy, and the recall or the precision of one class alone is perfect where that class is always, or hardly
ever, given.
"""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tuner.formatting import shown
from tuner.measures import Predictions
from tuner.metrics import Objective

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_STEPS = 1_000  # thresholds of two classes that are tried, evenly by rank where there are more
_STEPS_OF_MANY = 200  # of more classes; and as many again between the neighbours of the best
_ROUNDS = 10
_LEAST = 1e-12  # less is rounding: counts that come to the same metric in another order


def takes_thresholds(objective: Objective) -> bool:
    """Whether thresholds can be chosen for a metric: one of answers, that no single answer to all texts makes perfect."""
    return objective.name in ("balanced_accuracy", "macro_f1", "weighted_f1", "mcc") or objective.name.startswith("f1:")


def with_offsets(found: Predictions, offsets: "Floats") -> Predictions:
    """The predictions with the answers that offsets ``[classes]`` give, the first class where several are equal."""
    return replace(found, predicted=(found.log_probabilities + offsets).argmax(axis=1))


def choose_offsets(found: Predictions, objective: Objective) -> "Floats":
    """Chooses the offsets ``[classes]`` with the best metric on predictions.

    By coordinate ascent: of one class after the other, all offsets are tried that lie in the middle between those at which the
    answer to a text changes, and the best is taken, the one nearest to 0 of several; until none gains. It starts from argmax;
    for more than two classes also from offsets that make all classes as likely beforehand, and the better end is taken. So it
    is exact for two classes with up to a thousand different probabilities, and a local optimum for more classes.
    """
    import numpy as np

    support = np.maximum(found.support, 1)
    reference = int(support.argmax())
    starts = [np.zeros(len(support))]
    if len(support) > 2:
        starts.append(np.log(support[reference] / support))
    ends = [_ascended(found, start, reference, objective) for start in starts]
    return max(ends, key=lambda end: round(end[1], 12))[0]


def _ascended(found: Predictions, offsets: "Floats", reference: int, objective: Objective) -> "tuple[Floats, float]":
    """Where coordinate ascent ends, and the score there."""
    free = [number for number in range(len(offsets)) if number != reference or len(offsets) > 2]
    value = _score(found, offsets, objective)
    for _ in range(_ROUNDS):
        before = value
        for number in free:
            offsets, value = _best_of_class(found, offsets, value, number, objective)
        if value <= before + _LEAST:
            break
    return offsets - offsets[reference], value


def _best_of_class(
    found: Predictions, offsets: "Floats", value: float, number: int, objective: Objective
) -> "tuple[Floats, float]":
    """The offsets with the best one of a class in its place, and their score; as they were where none gains."""
    import numpy as np

    scores = found.log_probabilities + offsets
    scores[:, number] = -np.inf
    second = scores.argmax(axis=1)  # the answer where it is not this class
    changes = scores[np.arange(len(scores)), second] - found.log_probabilities[:, number]
    changes = np.where(np.isnan(changes), np.inf, changes)
    distinct = np.unique(changes[np.isfinite(changes)])
    if not len(distinct):
        return offsets, value
    between = np.concatenate([[distinct[0] - 1], (distinct[1:] + distinct[:-1]) / 2, [distinct[-1] + 1]])
    steps = _STEPS if len(offsets) == 2 else _STEPS_OF_MANY
    places = _spread(0, len(between) - 1, steps)
    values = _scores(found, second, changes, between[places], number, objective)
    if len(places) < len(between) and len(offsets) > 2:
        best = int(values.argmax())
        places = _spread(places[max(best - 1, 0)], places[min(best + 1, len(places) - 1)], steps)
        values = _scores(found, second, changes, between[places], number, objective)
    highest = np.flatnonzero(values >= values.max() - _LEAST)
    tried = between[places][highest]
    chosen = offsets.copy()
    chosen[number] = tried[np.abs(tried).argmin()]
    gained = _score(found, chosen, objective)
    return (chosen, gained) if gained > value + _LEAST else (offsets, value)


def _spread(first: int, last: int, count: int) -> "NDArray[np.int64]":
    """So many whole numbers from the first to the last, evenly; all of them where they are fewer."""
    import numpy as np

    return np.unique(np.linspace(first, last, min(count, last - first + 1)).round().astype(np.int64))


def _scores(
    found: Predictions,
    second: "NDArray[np.int64]",
    changes: "Floats",
    tried: "Floats",
    number: int,
    objective: Objective,
) -> "Floats":
    """The score with each offset of a class, ascending, from how many texts each class gets and rightly.

    Args:
        second: the answer to each text where it is not the class.
        changes: the offset from which on the answer to each text is the class.
    """
    import numpy as np

    classes, hit = len(found.support), found.labels == second
    place = tried.searchsorted(changes, "right")  # the first offset with which the answer is the class
    moved, moved_right, won = (
        np.zeros((len(tried) + 1, classes)),
        np.zeros((len(tried) + 1, classes)),
        np.zeros(len(tried) + 1),
    )
    np.add.at(moved, (place, second), 1.0)
    np.add.at(moved_right, (place[hit], second[hit]), 1.0)
    np.add.at(won, place[found.labels == number], 1.0)
    left = np.bincount(second, minlength=classes) - moved.cumsum(axis=0)
    left_right = np.bincount(second[hit], minlength=classes) - moved_right.cumsum(axis=0)
    left[:, number] += moved.sum(axis=1).cumsum()
    left_right[:, number] += won.cumsum()
    measure, names = objective.metric.measure, found.label_names
    values = [
        objective.turned(measure(Predictions.of_margins(right, given, found.support, names)))
        for right, given in zip(left_right[:-1], left[:-1], strict=True)
    ]
    return np.array(values)


def _score(found: Predictions, offsets: "Floats", objective: Objective) -> float:
    return objective.turned(objective.metric.measure(with_offsets(found, offsets)))


def cross_fitted(found: Predictions, objective: Objective, *, folds: int = 5) -> float:
    """The metric of answers whose offsets were chosen on other texts: what thresholds gain on texts that are not seen yet.

    Every ``folds``-th text is answered with the offsets that are chosen on the others.
    """
    import numpy as np

    fold = np.arange(len(found.labels)) % folds
    predicted = found.predicted.copy()
    for number in range(folds):
        held_out = fold == number
        offsets = choose_offsets(_of_texts(found, ~held_out), objective)
        predicted[held_out] = with_offsets(_of_texts(found, held_out), offsets).predicted
    return objective.metric.measure(replace(found, predicted=predicted))


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Offsets for a model, and what they gain on the texts that they were chosen on.

    Attributes:
        labels: the names of the classes.
        offsets: one a class.
        argmax: the metric where the most probable class is predicted.
        chosen: the metric with these offsets, which is too good.
        cross_fitted: the metric of answers with offsets that were chosen on other texts.
        objective: the metric.
    """

    labels: tuple[str, ...]
    offsets: tuple[float, ...]
    argmax: float
    chosen: float
    cross_fitted: float
    objective: Objective

    @property
    def are_used(self) -> bool:
        """Whether answers follow them: where they gain on texts that they were not chosen on."""
        return self.objective.turned(self.cross_fitted) > self.objective.turned(self.argmax) + _LEAST

    @property
    def factors(self) -> dict[str, float]:
        """By label, what its probability is multiplied by before the largest is taken; 1 for the most frequent label."""
        return {label: math.exp(offset) for label, offset in zip(self.labels, self.offsets, strict=True)}

    @property
    def rule(self) -> str:
        """How answers follow from probabilities, in words."""
        if len(self.labels) == 2:
            rare = int(self.offsets[0] == 0)  # one of the two offsets is 0, or both
            least = 1 / (1 + math.exp(self.offsets[rare]))
            return f"{shown(self.labels[rare])} from a probability of {least:.2f}"
        factors = (f"{factor:.2f} ({shown(label)})" for label, factor in self.factors.items())
        return "the largest of the probabilities times " + ", ".join(factors)

    def document(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return {
            "factors": self.factors,
            "rule": self.rule,
            "argmax": self.argmax,
            "chosen": self.chosen,
            "cross_fitted": self.cross_fitted,
            "used": self.are_used,
        }

    def applied(self, found: Predictions) -> Predictions:
        """The predictions with the answers that a model with these thresholds gives."""
        import numpy as np

        return with_offsets(found, np.array(self.offsets)) if self.are_used else found


def thresholds_of(found: Predictions, objective: Objective) -> Thresholds | None:
    """The thresholds for a model, from its predictions of the validation texts; None where the metric takes none."""
    if not takes_thresholds(objective):
        return None
    offsets, measure = choose_offsets(found, objective), objective.metric.measure
    return Thresholds(
        labels=tuple(found.label_names),
        offsets=tuple(offsets.tolist()),
        argmax=measure(found),
        chosen=measure(with_offsets(found, offsets)),
        cross_fitted=cross_fitted(found, objective),
        objective=objective,
    )


def _of_texts(found: Predictions, chosen: "NDArray[np.bool_]") -> Predictions:
    return replace(
        found,
        labels=found.labels[chosen],
        predicted=found.predicted[chosen],
        log_probabilities=found.log_probabilities[chosen],
    )
