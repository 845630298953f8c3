"""How a model does on kinds of texts: short and long ones, with many unknown words, of each class, by a column."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from tuner.measures import Predictions, wilson_interval
from tuner.metrics import ACCURACY, Objective

MOST_GROUPS = 20
"""Values of a column that have a row of their own; the others are one row together."""

_QUANTILES = 5
_UNKNOWN_EDGES = (0.0, 0.05, 0.1, 0.25, 1.0)
MISSING = "(missing)"


def by_length(words: "pd.Series[Any]") -> "pd.Series[Any]":
    """The group of each text by its words: five of about as many texts, and those without words."""
    groups = ranges(words.where(words > 0))
    return groups.where(words > 0, "no words")


def by_unknown(unknown: "pd.Series[Any]") -> "pd.Series[Any]":
    """The group of each text by its share of unknown words, 0 to 1, missing where it has no words."""
    names = [
        "none",
        *(f"{low:.0%} to {high:.0%}" for low, high in pairwise(_UNKNOWN_EDGES)),
    ]
    place = np.searchsorted(_UNKNOWN_EDGES, unknown.to_numpy(float).clip(0, 1), side="left")
    order = pd.CategoricalDtype([*names, "no words"], ordered=True)
    labels = [
        names[each] if known else "no words"
        for each, known in zip(place.clip(0, len(names) - 1), unknown.notna(), strict=True)
    ]
    return pd.Series(labels, index=unknown.index).astype(order)


def by_column(cells: "pd.Series[Any]") -> "pd.Series[Any]":
    """The group of each text by a column of the user's: its value, or its range where there are many numbers."""
    numbers = pd.to_numeric(cells, errors="coerce")
    present = cells.notna() & (cells.astype(str).str.strip() != "")
    if numbers[present].notna().all() and numbers.nunique() > MOST_GROUPS:
        return ranges(numbers)
    values = cells.astype(str).where(present, MISSING)
    counts = values.value_counts()
    if len(counts) > MOST_GROUPS:
        rest = f"(others: {len(counts) - MOST_GROUPS:,} values)"
        values = values.where(values.isin(counts.index[:MOST_GROUPS]), rest)
    return values


def ranges(numbers: "pd.Series[Any]") -> "pd.Series[Any]":
    """Five ranges of about as many numbers, fewer where numbers repeat; as ordered categories."""
    if numbers.notna().sum() == 0:
        return pd.Series(MISSING, index=numbers.index)
    edges = np.unique(np.quantile(numbers.dropna(), np.arange(_QUANTILES + 1) / _QUANTILES, method="inverted_cdf"))
    if len(edges) == 1:
        edges = np.repeat(edges, 2)
    names = [f"{edges[0]:,g} to {edges[1]:,g}"]
    names += [f"over {low:,g} to {high:,g}" for low, high in pairwise(edges[1:])]
    place = np.searchsorted(edges[1:], numbers.fillna(edges[-1]), side="left").clip(0, len(names) - 1)
    order = pd.CategoricalDtype([*names, MISSING, "no words"], ordered=True)
    found = pd.Series([names[each] for each in place], index=numbers.index).where(numbers.notna(), MISSING)
    return found.astype(order)


def sliced(found: Predictions, groups: "pd.Series[Any]", objective: Objective = ACCURACY) -> pd.DataFrame:
    """One row per group that has texts: ``group``, ``texts``, ``accuracy``, ``low`` and ``high`` (its 95 % Wilson interval)
    and, where the run pursues another metric, that by its name (missing where it is not defined for the group).

    Ordered categories stand in their order, others by their number of texts.

    Args:
        found: what a model said of texts.
        groups: of each of them, in the same order.
        objective: the run's.
    """
    ordered = isinstance(groups.dtype, pd.CategoricalDtype)
    sizes = groups.value_counts(sort=not ordered)
    names = list(groups.cat.categories) if ordered else list(sizes.index)
    rows = []
    for name in names:
        places = np.flatnonzero((groups == name).to_numpy())
        if not len(places):
            continue
        part = Predictions(
            found.labels[places], found.predicted[places], found.log_probabilities[places], found.label_names
        )
        share = float((part.labels == part.predicted).mean())
        low, high = wilson_interval(share, len(places))
        row = {"group": str(name), "texts": len(places), "accuracy": share, "low": low, "high": high}
        if objective != ACCURACY:
            value = objective.metric.measure(part)
            row[objective.key] = value if math.isfinite(value) else math.nan
        rows.append(row)
    return pd.DataFrame(rows)
