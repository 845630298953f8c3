"""Tables as the data of a chart, and the parts of axes that several charts share."""

import json
import math
from typing import Any

import altair as alt
import pandas as pd


def rows(table: pd.DataFrame, digits: int = 5) -> alt.InlineData:
    """The table's rows as plain values: missing ones as null, numbers rounded so that files stay small.

    They are one text of JSON, since Altair copies lists and dictionaries deeply at every step of building a chart.
    """
    columns = {str(name): [_plain(value, digits) for value in table[name].tolist()] for name in table.columns}
    records = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    text = json.dumps(records, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return alt.InlineData(values=text, format=alt.JsonDataFormat(type="json"))


def _plain(value: Any, digits: int) -> Any:
    if isinstance(value, list):
        return [_plain(part, digits) for part in value]
    if isinstance(value, float):
        return round(value, digits) if math.isfinite(value) else None
    return None if pd.isna(value) else value


def accuracy_axis(field: str, values: "pd.Series[float]", title: str | None = "validation accuracy") -> alt.Y:
    """Accuracies in percent, over the range that they have and a little more."""
    known = values.dropna()
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    margin = max(0.08 * (high - low), 0.002)
    scale = alt.Scale(domain=[max(0.0, low - margin), min(1.0, high + margin)], nice=False, zero=False)
    form = ".1%" if high - low < 0.06 else ".0%"
    return alt.Y(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(format=form, tickCount=6))


def size_axis(field: str, sizes: "pd.Series[int]") -> alt.X:
    """Parameters on a logarithmic axis, with round sizes as marks."""
    low, high = (float(sizes.min()), float(sizes.max())) if len(sizes) else (1e3, 1e5)
    axis = alt.Axis(values=size_ticks(low, high), format="~s", labelOverlap=True, labelFlush=False)
    scale = alt.Scale(type="log", domain=[low / 1.25, high * 1.25], nice=False)
    return alt.X(f"{field}:Q", title="parameters (logarithmic)", scale=scale, axis=axis)


def size_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten within the range (1 and 3 where that is many), or its ends where none is."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    digits = (1, 3) if high / low > 500 else (1, 2, 5)
    inside = [digit * 10.0**power for power in powers for digit in digits if low <= digit * 10.0**power <= high]
    return inside if len(inside) > 1 else sorted({low, high})
