"""Which given labels are probably wrong, by confident learning (Northcutt et al. 2021, arXiv 1911.00068)."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tuner.measures import Predictions


def label_errors(found: Predictions) -> pd.DataFrame:
    """One row per text, the most suspicious first; the index is the text's place in the predictions.

    Columns: ``given`` and ``suggested`` (names of the classes), ``score`` (0 to 1, one less the probability of the given
    label) and ``likely`` (whether confident learning counts the label as wrong).

    A label counts as wrong where another class is more probable for the text than it is, on average, for the texts that are
    labelled so: each class has its own threshold, so that a class of which the model is never sure is not suspected as a whole.
    The suggested class is the most probable of those; where there is none, the most probable class beside the given one.

    Args:
        found: of texts that the model was not trained on.
    """
    probabilities = np.exp(found.log_probabilities)
    rows, labels = np.arange(len(found.labels)), np.asarray(found.labels)
    confident = _confident_classes(probabilities, labels)
    others = probabilities.copy()
    others[rows, labels] = -1.0
    is_likely = (confident >= 0) & (confident != labels)
    suggested = np.where(is_likely, confident, others.argmax(axis=1))
    names = np.array(found.label_names, dtype=object)
    table = pd.DataFrame(
        {
            "given": names[labels],
            "suggested": names[suggested],
            "score": 1.0 - probabilities[rows, labels],
            "likely": is_likely,
        }
    )
    # Kept probabilities are rounded, so that many are exactly 0; among these the surest other answer comes first.
    order = np.lexsort((-others.max(axis=1), -table["score"].to_numpy()))
    return table.iloc[order]


def _confident_classes(probabilities: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """The class that each text confidently belongs to, -1 where it belongs to none: the rows of the paper's confident joint."""
    classes = probabilities.shape[1]
    thresholds = np.full(classes, np.inf)  # a class without texts has no mean: nothing is confidently of it
    for label in np.unique(labels):
        thresholds[label] = probabilities[labels == label, label].mean()
    reached = probabilities >= thresholds
    best = np.where(reached, probabilities, -1.0).argmax(axis=1)
    confident: NDArray[np.int64] = np.where(reached.any(axis=1), best, -1)
    return confident
