"""The saturating fit through the frontier, with its band."""

import altair as alt
import pandas as pd

from analysis import fronts
from analysis.charts.data import accuracy_axis, rows, size_axis
from analysis.charts.theme import dressed, layered
from analysis.scaling import ScalingFit


def scaling(trials: pd.DataFrame, fit: ScalingFit | None, *, title: str | None = None) -> alt.LayerChart:
    """The frontier's trials and the law with its 90 % band.

    Args:
        trials: as in ``Run.trials``.
        fit: what ``analysis.scaling_fit(trials)`` gives; None, where it cannot be fitted, leaves the law out.
        title: above the chart.
    """
    front = fronts.frontier(trials)
    accuracies = [front["val_accuracy"], *((fit.curve["low"], fit.curve["high"]) if fit else ())]
    sizes = fit.curve["parameters"] if fit else front["parameters"]
    x, y = size_axis("parameters", sizes), accuracy_axis("val_accuracy", pd.concat(accuracies))
    tooltip = [
        alt.Tooltip("trial_id:N", title="trial"),
        alt.Tooltip("val_accuracy:Q", title="accuracy", format=".2%"),
        alt.Tooltip("parameters:Q", format=","),
    ]
    points = alt.Chart(rows(front[["trial_id", "val_accuracy", "parameters"]]))
    marks = points.mark_point(style="front-point", size=60, filled=True).encode(x=x, y=y, tooltip=tooltip)
    if fit is None:
        return dressed(layered(marks), title)
    law = alt.Chart(rows(fit.curve))
    band = law.mark_area(style="band").encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    line = law.mark_line(style="strong-line").encode(x=x, y=alt.Y("accuracy:Q"))
    return dressed(layered(band, line, marks), title)
