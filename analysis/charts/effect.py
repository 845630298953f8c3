"""Accuracy by the values of one hyperparameter."""

import altair as alt
import pandas as pd

from analysis.charts.data import accuracy_axis, rows
from analysis.charts.theme import dressed, layered
from analysis.columns import CONFIG, require, with_accuracy
from analysis.effects import effects

_LETTERS_THAT_FIT = 36


def effect(trials: pd.DataFrame, name: str, *, title: str | None = None) -> alt.LayerChart:
    """Best accuracies of the trials by their value of the hyperparameter ``name``: range, middle half and median.

    All trials together decide the axis, so that charts of several hyperparameters can be held against each other.
    """
    require(trials, CONFIG + name)
    usable = with_accuracy(trials)
    table = effects(usable[["trial_id", "parameters", "val_accuracy", CONFIG + name]])
    y = accuracy_axis("median", usable["val_accuracy"], None)
    flat = sum(len(text) + 2 for text in table["value"]) <= _LETTERS_THAT_FIT
    x = alt.X("value:N", title=None, sort=None, axis=alt.Axis(labelAngle=0 if flat else -35, labelLimit=110))
    base = alt.Chart(rows(table)).encode(
        x=x,
        tooltip=[
            alt.Tooltip("value:N", title=name.replace("_", " ")),
            alt.Tooltip("trials:Q"),
            *(alt.Tooltip(f"{field}:Q", format=".2%") for field in ("lowest", "q1", "median", "q3", "highest")),
        ],
    )
    chart = layered(
        base.mark_rule(style="thin-range").encode(y=alt.Y("lowest:Q"), y2="highest:Q"),
        base.mark_rule(style="thick-range").encode(y=alt.Y("q1:Q"), y2="q3:Q"),
        base.mark_point(style="middle", size=75, filled=True).encode(y=y),
    )
    return dressed(chart, title or name.replace("_", " "), width=260, height=170)
