"""Charts of training: learning curves, and where the time of a search went."""

import math

import altair as alt
import pandas as pd

from analysis import curves
from analysis.charts.theme import dressed, layered, rows, value_axis, value_tooltip
from analysis.columns import require, scored
from analysis.loading import Results
from analysis.ranking import By
from analysis.recommendation import chosen_trial
from tuner.metrics import Objective


def learning_curves(run: Results, *, top: int = 5, by: By = "metric", title: str | None = None) -> alt.LayerChart:
    """The objective by epoch of the ``top`` trials (at most five keep apart by colour), that of training dashed where it was
    measured; a diamond marks the epoch where overfitting begins (``overfitting_epochs``).
    """
    table = curves.learning_curves(run, top=top, by=by)
    order = table["trial_id"].drop_duplicates().tolist()
    column, train = run.objective.column, _train_column(run.objective, table)
    both = table[[column, *train]].melt()["value"]
    base = alt.Chart(rows(table)).encode(x=_epochs(table), color=alt.Color("trial_id:N", title="trial", sort=order))
    y = value_axis(column, both, run.objective, run.objective.metric.title)
    first = table[table["overfitting"]].drop_duplicates("trial_id")
    turns = alt.Chart(rows(first)).mark_point(filled=True, shape="diamond", size=110, opacity=1)
    chart = layered(
        *(base.mark_line(strokeDash=[2, 3], strokeWidth=1, opacity=0.8).encode(y=f"{name}:Q") for name in train),
        base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=18, filled=True)).encode(
            y=y,
            tooltip=[
                alt.Tooltip("trial_id:N", title="trial"),
                alt.Tooltip("epoch:Q"),
                value_tooltip(column, run.objective, "validation"),
                *(value_tooltip(name, run.objective, "training") for name in train),
            ],
        ),
        turns.encode(x=_epochs(table), y=f"{column}:Q", color=alt.Color("trial_id:N", sort=order)),
    )
    return dressed(chart, title)


def _train_column(objective: Objective, table: pd.DataFrame) -> list[str]:
    """The column with the objective on the training texts, none where only other metrics were measured there."""
    return [name for name in [f"train_{objective.key}"] if name in table]


def trial_curve(run: Results, *, title: str | None = None) -> alt.LayerChart:
    """The objective on validation texts (solid) and, where it was measured, on training texts (dashed) of one trial, with a
    line where overfitting begins.

    The chart holds the curves of all trials; its parameter ``trial`` says which is shown, at first the knee (where
    sizes are not known, the best).
    """
    objective, column, train = run.objective, run.objective.column, _train_column(run.objective, run.epochs)
    require(run.epochs, "trial_id", "epoch", column)
    known = run.epochs[run.epochs["trial_id"].isin(scored(run.trials, objective)["trial_id"])]
    packed = known.groupby("trial_id", sort=False)[["epoch", column, *train]].agg(list).reset_index()
    packed = packed.assign(turn=packed["trial_id"].map(curves.overfitting_epochs(run.epochs)).astype(float))
    y = value_axis(column, known[[column, *train]].melt()["value"], objective, objective.metric.title)
    x = _epochs(known)
    chosen = alt.Chart(rows(packed, digits=4)).transform_filter("datum.trial_id == trial")
    flat = chosen.transform_flatten(["epoch", column, *train])
    tooltip = [alt.Tooltip("epoch:Q"), value_tooltip(column, objective, "validation"),
               *(value_tooltip(name, objective, "training") for name in train)]  # fmt: skip
    ends = flat.transform_window(place="row_number()", sort=[alt.SortField("epoch", order="descending")])
    ends = ends.transform_filter("datum.place == 1")
    turn = chosen.transform_filter("isValid(datum.turn)").transform_calculate(epoch="datum.turn")
    chart = layered(
        turn.mark_rule(style="mark-rule").encode(x=x),
        turn.mark_text(style="note", align="left", dx=4, baseline="bottom", y="height", dy=-4).encode(
            x=x, text=alt.value("overfits from here")
        ),
        *(flat.mark_line(style="weak-line").encode(x=x, y=alt.Y(f"{name}:Q")) for name in train),
        flat.mark_line(style="strong-line").encode(x=x, y=y),
        flat.mark_point(style="front-point", size=50, filled=True).encode(x=x, y=y, tooltip=tooltip),
        *(
            _end_label(ends, text, higher=higher, than=than).encode(x=x)
            for name in train
            for text, higher, than in (("training", name, column), ("validation", column, name))
        ),
    ).add_params(alt.param(name="trial", value=chosen_trial(run)))
    return dressed(chart, title)


def _end_label(ends: alt.Chart, text: str, *, higher: str, than: str) -> alt.Chart:
    """The name of a line at its end: above it where it is the higher one there, else below."""
    side = alt.ExprRef(f"datum.{higher} > datum.{than} ? -10 : 16")
    style = "label" if text == "validation" else "note"
    label: alt.Chart = ends.mark_text(style=style, align="right", dy=side).encode(y=f"{higher}:Q", text=alt.value(text))
    return label


def _epochs(table: pd.DataFrame) -> alt.X:
    """Epochs from the first report to the last, ticks at whole numbers."""
    first = min(1.0, float(table["epoch"].min())) if len(table) else 1.0
    last = max(2, math.ceil(table["epoch"].max())) if len(table) else 2
    ticks = list(range(1, last + 1)) if last <= 10 else alt.Undefined
    axis = alt.Axis(values=ticks, format="d", tickMinStep=1, tickCount=8)
    return alt.X("epoch:Q", title="epoch", axis=axis, scale=alt.Scale(domain=[first, last], nice=False))


def time_spent(table: pd.DataFrame, *, title: str | None = None) -> alt.LayerChart:
    """Minutes of all workers by what they did, and what early stopping saved.

    Args:
        table: what ``analysis.time_spent(run)`` gives.
    """
    require(table, "what", "seconds", "share")
    table = table.assign(minutes=table["seconds"] / 60, text=[f"{s / 60:,.1f} min" for s in table["seconds"]])
    base = alt.Chart(rows(table)).encode(
        x=alt.X(
            "minutes:Q", title="minutes of all workers", axis=alt.Axis(tickCount=5), scale=_room(table["minutes"].max())
        ),
        y=alt.Y("what:N", title=None, sort=None, axis=alt.Axis(grid=False, labelLimit=220)),
        tooltip=[alt.Tooltip("what:N"), alt.Tooltip("minutes:Q", format=",.1f"), alt.Tooltip("share:Q", format=".0%")],
    )
    chart = layered(
        base.mark_bar(style="amount", height={"band": 0.6}),
        base.mark_text(style="label", align="left", dx=6).encode(text="text:N"),
    )
    return dressed(chart, title, height=alt.Step(30))


def _room(longest: float) -> alt.Scale:
    """Room for the text behind the longest bar."""
    return alt.Scale(domain=[0, 1.14 * longest if longest else 1.0], nice=False)
