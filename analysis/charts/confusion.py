"""Confusion matrix of a confirmed model."""

import altair as alt
import pandas as pd

from analysis.charts.data import rows
from analysis.charts.theme import dressed, layered
from analysis.confusion import confusion as confusion_table

_MOST_NUMBERED = 10


def confusion(answers: pd.DataFrame, *, title: str | None = None) -> alt.LayerChart:
    """Which labels (rows) get which answers (columns), in percent of each label's texts: the darker, the more.

    With more than ten labels the cells have no numbers; hovering shows them.

    Args:
        answers: what ``analysis.predictions`` gives.
        title: above the chart.
    """
    table = confusion_table(answers)
    table = table.assign(label=table["label"].astype(str), answer=table["answer"].astype(str))
    labels = table["label"].unique().tolist()
    few = len(labels) <= _MOST_NUMBERED
    flat = sum(len(label) + 2 for label in labels) <= 40
    base = alt.Chart(rows(table)).encode(
        x=alt.X(
            "answer:N",
            title="answer",
            sort=labels,
            axis=alt.Axis(labelAngle=0 if flat else -40, grid=False, labelLimit=90),
        ),
        y=alt.Y("label:N", title="label", sort=labels, axis=alt.Axis(grid=False, labelLimit=90)),
        tooltip=[
            alt.Tooltip("label:N"),
            alt.Tooltip("answer:N"),
            alt.Tooltip("share:Q", title="of the label's texts", format=".1%"),
            alt.Tooltip("texts:Q", title="texts (mean of repeats)", format=",.1f"),
        ],
    )
    opacity = alt.FillOpacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.03, 0.95]), legend=None)
    cells = [base.mark_rect(style="heat", cornerRadius=3 if few else 0).encode(fillOpacity=opacity)]
    if few:
        text = base.transform_calculate(shown="format(100 * datum.share, '.1f')").encode(text="shown:N")
        cells += [
            text.transform_filter("isValid(datum.share) && datum.share < 0.6").mark_text(style="label"),
            text.transform_filter("datum.share >= 0.6").mark_text(style="on-heat"),
        ]
    return dressed(layered(*cells), title, width=320, height=alt.Step(34 if few else 14))
