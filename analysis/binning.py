"""Values of a hyperparameter as few ordered groups, so that they can be compared."""

from itertools import pairwise
from typing import Any

import pandas as pd

MOST_VALUES = 8
"""More distinct numbers than this are cut into ranges."""

_RANGES = 5


def grouped(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Each value as the text of its group, an ordered categorical from low to high.

    Words, switches and few distinct numbers stay as they are. More numbers are cut at their quintiles, so that each range
    holds about as many trials.
    """
    distinct = sorted(values.dropna().unique().tolist(), key=lambda value: (isinstance(value, str), value))
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if numeric and len(distinct) > MOST_VALUES:
        ranges = pd.qcut(values.astype(float), _RANGES, duplicates="drop", precision=3)
        lowest, ends = float(values.min()), [part.right for part in ranges.cat.categories]
        edges = [0.0 if 0 < lowest < ends[0] / 100 else lowest, *ends]
        names = [f"{_number(low)}–{_number(high)}" for low, high in pairwise(edges)]
        return ranges.cat.rename_categories(_unique(names))
    texts = {value: _number(value) if numeric else _word(value) for value in distinct}
    return pd.Series(pd.Categorical(values.map(texts), list(texts.values()), ordered=True), index=values.index)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2g}" if value != int(value) else f"{value:.0f}"


def _word(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _unique(names: list[str]) -> list[str]:
    """Ranges that read the same after rounding get their number behind them."""
    return [name if names.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(names, start=1)]
