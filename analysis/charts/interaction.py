"""Heat map of two hyperparameters."""

import altair as alt
import pandas as pd

from analysis.charts.data import rows
from analysis.charts.theme import dressed, layered, nothing_to_draw
from analysis.effects import interactions


def interaction(trials: pd.DataFrame, first: str, second: str, *, title: str | None = None) -> alt.LayerChart:
    """Mean best accuracy of the trials with each pair of values: the darker, the better; empty where nobody was.

    Each cell shows its mean in percent; hovering shows how many trials it has.
    """
    table = interactions(trials, [first, second])
    if table.empty:
        return nothing_to_draw("two hyperparameters that vary are needed", title)
    if table["first"].iloc[0] != first:
        first, second = second, first
    low, high = table["mean_accuracy"].min(), table["mean_accuracy"].max()
    middle = low + 0.7 * (high - low)
    base = alt.Chart(rows(table)).encode(
        x=alt.X("first_value:N", title=first.replace("_", " "), sort=None, axis=alt.Axis(labelAngle=0, grid=False)),
        y=alt.Y("second_value:N", title=second.replace("_", " "), sort=None, axis=alt.Axis(grid=False)),
        tooltip=[
            alt.Tooltip("first_value:N", title=first.replace("_", " ")),
            alt.Tooltip("second_value:N", title=second.replace("_", " ")),
            alt.Tooltip("mean_accuracy:Q", title="mean accuracy", format=".2%"),
            alt.Tooltip("trials:Q"),
        ],
    )
    scale = alt.Scale(domain=[low, high], range=[0.06, 0.95]) if low < high else alt.Scale(range=[0.5, 0.5])
    text = base.transform_calculate(shown="format(100 * datum.mean_accuracy, '.1f')").encode(text="shown:N")
    chart = layered(
        base.mark_rect(style="heat", cornerRadius=3).encode(
            fillOpacity=alt.FillOpacity("mean_accuracy:Q", scale=scale, legend=None)
        ),
        text.transform_filter(alt.datum.mean_accuracy < middle).mark_text(style="label"),
        text.transform_filter(alt.datum.mean_accuracy >= middle).mark_text(style="on-heat"),
    )
    return dressed(chart, title, width=260, height=alt.Step(28))
