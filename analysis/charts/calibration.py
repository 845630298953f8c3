"""Reliability diagram of a confirmed model."""

import altair as alt
import pandas as pd

from analysis.calibration import calibration_bins
from analysis.charts.data import rows
from analysis.charts.theme import dressed, layered


def calibration(answers: pd.DataFrame, *, title: str | None = None) -> alt.LayerChart:
    """Accuracy against confidence, a dot a bin, the larger the more answers; on the diagonal they are equal.

    Args:
        answers: what ``analysis.predictions`` gives.
        title: above the chart.
    """
    bins = calibration_bins(answers)
    lowest = min(0.5, float(bins["low"].min()), float(bins["accuracy"].min()))
    scale = alt.Scale(domain=[lowest, 1.0], nice=False, zero=False)
    axis = alt.Axis(format=".0%", tickCount=5)
    x = alt.X("confidence:Q", title="mean confidence of the answers", scale=scale, axis=axis)
    y = alt.Y("accuracy:Q", title="right answers", scale=scale, axis=axis)
    diagonal = pd.DataFrame({"confidence": [lowest, 1.0], "accuracy": [lowest, 1.0]})
    base = alt.Chart(rows(bins)).encode(x=x, y=y)
    dots = base.mark_point(style="front-point", filled=True).encode(
        size=alt.Size("share:Q", scale=alt.Scale(domain=[0, 1], range=[30, 700]), legend=None),
        tooltip=[
            alt.Tooltip("confidence:Q", title="mean confidence", format=".1%"),
            alt.Tooltip("accuracy:Q", title="right answers", format=".1%"),
            alt.Tooltip("answers:Q", format=","),
            alt.Tooltip("share:Q", title="of all answers", format=".1%"),
        ],
    )
    line = alt.Chart(rows(diagonal)).mark_line(style="weak-line").encode(x=x, y=y)
    return dressed(layered(line, base.mark_line(style="front-line"), dots), title, width=320, height=260)
