"""The layers of the frontier chart that show what the trials are held against."""

import altair as alt
import pandas as pd

from analysis.charts.data import rows

_TOOLTIP = [
    alt.Tooltip("system:N"),
    alt.Tooltip("accuracy:Q", format=".2%"),
    alt.Tooltip("parameters:Q", format=","),
    alt.Tooltip("part:N", title="accuracy on"),
    alt.Tooltip("source:N"),
]


def drawable(references: pd.DataFrame, lowest: float) -> pd.DataFrame:
    """The references that have a place in the chart.

    Baselines by their validation accuracy, as the trials have it. Published systems where their size is known and they are at
    least as accurate as the lowest trial: weaker ones would only press the trials together.
    """
    baseline = (references["kind"] == "baseline") & (references["part"] == "validation")
    published = (references["kind"] == "published") & (references["accuracy"] >= lowest)
    return references[(baseline | published) & references["parameters"].notna()]


def reference_layers(references: pd.DataFrame, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Published systems as diamonds, baselines as squares; what has no parameters is a line across the chart."""
    x, y = x.copy(), y.copy()
    x.shorthand, y.shorthand = "parameters:Q", "accuracy:Q"
    flat = references[references["parameters"] == 0]
    sized = references[references["parameters"] > 0]
    line = alt.Chart(rows(flat)).encode(y=y, tooltip=_TOOLTIP)
    layers = [
        line.mark_rule(style="baseline-line"),
        line.mark_text(style="note", align="left", baseline="bottom", dy=-3).encode(x=alt.value(4), text="system:N"),
    ]
    for kind, shape in (("published", "diamond"), ("baseline", "square")):
        points = alt.Chart(rows(sized[sized["kind"] == kind])).encode(x=x, y=y, tooltip=_TOOLTIP)
        layers.append(points.mark_point(style=kind, shape=shape, size=60))
    return layers
