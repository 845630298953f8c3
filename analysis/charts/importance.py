"""Importance of hyperparameters as bars."""

import altair as alt
import pandas as pd

from analysis.charts.data import rows
from analysis.charts.theme import dressed, layered, nothing_to_draw
from analysis.columns import require
from analysis.importance import FEWEST_TRIALS

_NAMES = {"accuracy": "to be accurate", "frontier": "to be near the frontier"}


def importance(table: pd.DataFrame, *, title: str | None = None) -> alt.LayerChart:
    """Two bars a hyperparameter: its share in being among the best tenth by accuracy, and by frontier layer.

    Args:
        table: what ``analysis.importance(run.trials)`` gives.
        title: above the chart.
    """
    require(table, "hyperparameter", "target", "importance")
    if table.empty:
        return nothing_to_draw(f"at least {FEWEST_TRIALS} trials, and hyperparameters that vary, are needed", title)
    means = table.groupby("hyperparameter")["importance"].sum().sort_values(ascending=False)
    order = means.index.tolist()
    table = table.assign(target=table["target"].map(_NAMES), name=table["hyperparameter"].str.replace("_", " "))
    chart = alt.Chart(rows(table)).mark_bar(cornerRadiusEnd=2, height={"band": 0.86})
    encoded = chart.encode(
        x=alt.X("importance:Q", title="share of importance", axis=alt.Axis(format="%", grid=True, tickCount=5)),
        y=alt.Y("name:N", title=None, sort=[name.replace("_", " ") for name in order], axis=alt.Axis(grid=False)),
        yOffset=alt.YOffset("target:N", sort=list(_NAMES.values())),
        color=alt.Color("target:N", title=None, sort=list(_NAMES.values())),
        tooltip=[
            alt.Tooltip("name:N", title="hyperparameter"),
            alt.Tooltip("target:N", title="mattered"),
            alt.Tooltip("importance:Q", format=".0%"),
        ],
    )
    return dressed(layered(encoded), title, height=alt.Step(13))
