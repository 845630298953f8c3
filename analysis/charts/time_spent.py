"""Where the time of a search went, as bars."""

import altair as alt
import pandas as pd

from analysis.charts.data import rows
from analysis.charts.theme import dressed, layered
from analysis.columns import require


def time_spent(table: pd.DataFrame, *, title: str | None = None) -> alt.LayerChart:
    """Minutes of all workers by what they did, and what early stopping saved.

    Args:
        table: what ``analysis.time_spent(run)`` gives.
        title: above the chart.
    """
    require(table, "what", "seconds", "share")
    table = table.assign(minutes=table["seconds"] / 60, text=[f"{s / 60:,.1f} min" for s in table["seconds"]])
    base = alt.Chart(rows(table)).encode(
        x=alt.X(
            "minutes:Q", title="minutes of all workers", axis=alt.Axis(tickCount=5), scale=_room(table["minutes"].max())
        ),
        y=alt.Y("what:N", title=None, sort=None, axis=alt.Axis(grid=False, labelLimit=220)),
        tooltip=[
            alt.Tooltip("what:N"),
            alt.Tooltip("minutes:Q", format=",.1f"),
            alt.Tooltip("share:Q", format=".0%"),
        ],
    )
    chart = layered(
        base.mark_bar(style="amount", height={"band": 0.6}),
        base.mark_text(style="label", align="left", dx=6).encode(text="text:N"),
    )
    return dressed(chart, title, height=alt.Step(30))


def _room(longest: float) -> alt.Scale:
    """Room for the text behind the longest bar."""
    return alt.Scale(domain=[0, 1.14 * longest if longest else 1.0], nice=False)
