"""Where the time of a search went, as bars."""

import altair as alt

from analysis.charts.data import rows
from analysis.charts.theme import dressed
from analysis.loading import Run
from analysis.time_spent import time_spent as time_table


def time_spent(run: Run, *, title: str | None = None) -> alt.LayerChart:
    """Minutes of all workers by what they did, and what early stopping saved."""
    table = time_table(run)
    table = table.assign(minutes=table["seconds"] / 60, text=[f"{s / 60:,.1f} min" for s in table["seconds"]])
    base = alt.Chart(rows(table)).encode(
        x=alt.X("minutes:Q", title="minutes of all workers", axis=alt.Axis(tickCount=5)),
        y=alt.Y("what:N", title=None, sort=None, axis=alt.Axis(grid=False, labelLimit=220)),
        tooltip=[
            alt.Tooltip("what:N"),
            alt.Tooltip("minutes:Q", format=",.1f"),
            alt.Tooltip("share:Q", format=".0%"),
        ],
    )
    chart = alt.layer(
        base.mark_bar(style="amount", height={"band": 0.6}),
        base.mark_text(style="label", align="left", dx=6).encode(text="text:N"),
    )
    return dressed(chart, title, height=alt.Step(30))
