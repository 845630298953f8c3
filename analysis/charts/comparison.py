"""The frontiers of several runs in one chart."""

from collections.abc import Sequence

import altair as alt

from analysis import fronts
from analysis.charts.data import accuracy_axis, rows, size_axis
from analysis.charts.theme import dressed, layered
from analysis.comparing import trials_of
from analysis.loading import Run


def compare_frontiers(runs: Sequence[Run], *, title: str | None = None) -> alt.LayerChart:
    """The frontier of each run as a stair with its trials, a colour a run."""
    table = trials_of(runs)
    fronts_of = table.groupby("run", sort=False, group_keys=False)[list(table.columns)].apply(fronts.frontier)
    data = rows(fronts_of[["run", "trial_id", "parameters", "val_accuracy"]])
    base = alt.Chart(data).encode(
        x=size_axis("parameters", fronts_of["parameters"]),
        y=accuracy_axis("val_accuracy", fronts_of["val_accuracy"]),
        color=alt.Color("run:N", title=None, sort=[run.name for run in runs]),
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        tooltip=[
            alt.Tooltip("run:N"),
            alt.Tooltip("trial_id:N", title="trial"),
            alt.Tooltip("val_accuracy:Q", title="accuracy", format=".2%"),
            alt.Tooltip("parameters:Q", format=","),
        ]
    )
    return dressed(layered(base.mark_line(interpolate="step-after", strokeWidth=1.5), points), title)
