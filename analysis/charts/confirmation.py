"""Confirmed accuracies with their intervals."""

import altair as alt

from analysis.charts.data import rows
from analysis.charts.theme import dressed, layered
from analysis.confirmation import Confirmation
from analysis.loading import Run


def confirmation(run: Run, found: Confirmation, *, title: str | None = None) -> alt.LayerChart:
    """Test accuracy of every confirmed model with its 95 % interval, a dot a repeat; those tied with the first in colour.

    Args:
        run: the run.
        found: what ``analysis.confirmation(run)`` gives.
        title: above the chart.
    """
    models = found.models
    order = models["model"].tolist()
    done = run.repeats[(run.repeats["status"] == "completed") & run.repeats["model"].isin(order)]
    low, high = (
        min(models["low"].min(), done["test_accuracy"].min()),
        max(models["high"].max(), done["test_accuracy"].max()),
    )
    margin = max(0.04 * (high - low), 0.002)
    scale = alt.Scale(domain=[max(0.0, low - margin), min(1.0, high + margin)], nice=False, zero=False)
    x = alt.X(
        "test_accuracy:Q", title="test accuracy", scale=scale,
        axis=alt.Axis(format=".1%" if high - low < 0.06 else ".0%", tickCount=6, grid=True),
    )  # fmt: skip
    y = alt.Y("model:N", title=None, sort=order, axis=alt.Axis(grid=False, labelLimit=200))
    base = alt.Chart(rows(models)).encode(
        y=y,
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("test_accuracy:Q", title="test accuracy", format=".2%"),
            alt.Tooltip("low:Q", title="from", format=".2%"),
            alt.Tooltip("high:Q", title="to", format=".2%"),
            alt.Tooltip("val_accuracy:Q", title="validation accuracy", format=".2%"),
            alt.Tooltip("parameters:Q", format=","),
            alt.Tooltip("repeats:Q"),
        ],
    )
    repeats = alt.Chart(rows(done[["model", "repeat", "test_accuracy"]]))
    chart = layered(
        base.mark_rule(style="thick-range").encode(x=alt.X("low:Q"), x2="high:Q"),
        repeats.mark_point(style="trial", size=30, filled=True).encode(x=x, y=y),
        base.transform_filter("datum.tied").mark_point(style="middle", size=90, filled=True).encode(x=x),
        base.transform_filter("!datum.tied").mark_point(style="trial", size=90, filled=True).encode(x=x),
    )
    return dressed(chart, title, height=alt.Step(34))
