"""Decision thresholds: offsets of the classes' log probabilities, chosen so that the answers have more of a metric.

The answer is ``argmax(log p + offset)``. The class with the most texts has offset 0; of two classes this is one threshold of
the probability, as scikit-learn's ``TunedThresholdClassifierCV`` chooses it. They are for metrics that weigh rare classes up:
argmax aims at accuracy, and the recall or the precision of one class alone is perfect where that class is always, or hardly
ever, given.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from tuner.measures import Predictions
from tuner.metrics import Objective

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_STEPS = 1_000  # thresholds that are tried, evenly by rank where there are more
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

    others = np.delete(found.log_probabilities + offsets, number, axis=1).max(axis=1)
    changes = np.unique(others - found.log_probabilities[:, number])
    changes = changes[np.isfinite(changes)]
    if not len(changes):
        return offsets, value
    between = np.concatenate([[changes[0] - 1], (changes[1:] + changes[:-1]) / 2, [changes[-1] + 1]])
    if len(between) > _STEPS:
        between = between[np.linspace(0, len(between) - 1, _STEPS).round().astype(int)]
    trials = np.tile(offsets, (len(between), 1))
    trials[:, number] = between
    values = np.array([_score(found, trial, objective) for trial in trials])
    if values.max() <= value + _LEAST:
        return offsets, value
    best = np.flatnonzero(values >= values.max() - _LEAST)
    chosen = best[np.abs(between[best]).argmin()]
    return trials[chosen], float(values[chosen])


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


def _of_texts(found: Predictions, chosen: "NDArray[np.bool_]") -> Predictions:
    return replace(
        found,
        labels=found.labels[chosen],
        predicted=found.predicted[chosen],
        log_probabilities=found.log_probabilities[chosen],
    )
