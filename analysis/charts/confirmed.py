"""Charts of confirmed models: accuracies with intervals, reliability, confusion."""

import altair as alt
import pandas as pd

from analysis.charts.theme import dressed, layered, rows, value_tooltip
from analysis.confirmation import Confirmation
from analysis.loading import Run
from analysis.predictions import calibration_bins
from analysis.predictions import confusion as confusion_table


def confirmation(run: Run, found: Confirmation, *, title: str | None = None) -> alt.LayerChart:
    """The test value of every confirmed model with its 95 % interval, a dot a repeat; those tied with the first in colour.

    Args:
        found: what ``analysis.confirmation(run)`` gives.
    """
    models, objective, pursued = found.models, run.objective, found.objective
    tested, named = pursued.test_column, f"test {pursued.metric.title}"
    order = models["model"].tolist()
    done = run.repeats[(run.repeats["status"] == "completed") & run.repeats["model"].isin(order)]
    low, high = (
        min(models["low"].min(), done[tested].min()),
        max(models["high"].max(), done[tested].max()),
    )
    margin = max(0.04 * (high - low), 0.002)
    scale = alt.Scale(domain=list(pursued.metric.bounded(low - margin, high + margin)), nice=False, zero=False)
    shares = ".1%" if high - low < 0.06 else ".0%"
    x = alt.X(
        f"{tested}:Q", title=named, scale=scale,
        axis=alt.Axis(format=shares if pursued.metric.percent else ".3f", tickCount=6, grid=True),
    )  # fmt: skip
    y = alt.Y("model:N", title=None, sort=order, axis=alt.Axis(grid=False, labelLimit=200))
    base = alt.Chart(rows(models)).encode(
        y=y,
        tooltip=[
            alt.Tooltip("model:N"),
            *(
                value_tooltip(name, pursued, title)
                for name, title in ((tested, named), ("low", "from"), ("high", "to"))
            ),
            value_tooltip(objective.column, objective, f"validation {objective.metric.title}"),
            alt.Tooltip("parameters:Q", format=","),
            alt.Tooltip("repeats:Q"),
        ],
    )
    repeats = alt.Chart(rows(done[["model", "repeat", tested]]))
    chart = layered(
        base.mark_rule(style="thick-range").encode(x=alt.X("low:Q"), x2="high:Q"),
        repeats.mark_point(style="trial", size=30, filled=True).encode(x=x, y=y),
        base.transform_filter("datum.tied").mark_point(style="middle", size=90, filled=True).encode(x=x),
        base.transform_filter("!datum.tied").mark_point(style="trial", size=90, filled=True).encode(x=x),
    )
    return dressed(chart, title, height=alt.Step(34))


def calibration(predictions: pd.DataFrame, *, title: str | None = None) -> alt.LayerChart:
    """Accuracy against confidence, a dot a bin, the larger the more predictions; on the diagonal they are equal.

    Args:
        predictions: what ``analysis.predictions`` gives.
    """
    bins = calibration_bins(predictions)
    lowest = min(0.5, float(bins["low"].min()), float(bins["accuracy"].min()))
    scale = alt.Scale(domain=[lowest, 1.0], nice=False, zero=False)
    axis = alt.Axis(format=".0%", tickCount=5)
    x = alt.X("confidence:Q", title="mean confidence of the predictions", scale=scale, axis=axis)
    y = alt.Y("accuracy:Q", title="correct predictions", scale=scale, axis=axis)
    diagonal = pd.DataFrame({"confidence": [lowest, 1.0], "accuracy": [lowest, 1.0]})
    base = alt.Chart(rows(bins)).encode(x=x, y=y)
    dots = base.mark_point(style="front-point", filled=True).encode(
        size=alt.Size("share:Q", scale=alt.Scale(domain=[0, 1], range=[30, 700]), legend=None),
        tooltip=[
            alt.Tooltip("confidence:Q", title="mean confidence", format=".1%"),
            alt.Tooltip("accuracy:Q", title="correct predictions", format=".1%"),
            alt.Tooltip("predictions:Q", format=","),
            alt.Tooltip("share:Q", title="of all predictions", format=".1%"),
        ],
    )
    line = alt.Chart(rows(diagonal)).mark_line(style="weak-line").encode(x=x, y=y)
    return dressed(layered(line, base.mark_line(style="front-line"), dots), title, width=320, height=260)


_MOST_NUMBERED = 10


def confusion(predictions: pd.DataFrame, *, title: str | None = None) -> alt.LayerChart:
    """Which labels (rows) get which predictions (columns), in percent of each label's texts: the darker, the more.

    With more than ten labels the cells have no numbers; hovering shows them.

    Args:
        predictions: what ``analysis.predictions`` gives.
    """
    table = confusion_table(predictions)
    table = table.assign(label=table["label"].astype(str), predicted=table["predicted"].astype(str))
    labels = table["label"].unique().tolist()
    few = len(labels) <= _MOST_NUMBERED
    flat = sum(len(label) + 2 for label in labels) <= 40
    base = alt.Chart(rows(table)).encode(
        x=alt.X(
            "predicted:N",
            title="predicted",
            sort=labels,
            axis=alt.Axis(labelAngle=0 if flat else -40, grid=False, labelLimit=90),
        ),
        y=alt.Y("label:N", title="label", sort=labels, axis=alt.Axis(grid=False, labelLimit=90)),
        tooltip=[
            alt.Tooltip("label:N"),
            alt.Tooltip("predicted:N"),
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
