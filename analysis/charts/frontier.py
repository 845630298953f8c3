"""The objective against parameters: all trials, the frontier and its knee, references, several runs, the scaling fit."""

import math
from collections.abc import Sequence

import altair as alt
import pandas as pd

from analysis.charts.theme import dressed, layered, rows, size_axis, value_axis, value_format, value_tooltip
from analysis.columns import CONFIG, with_size
from analysis.comparing import trials_of
from analysis.costs import COSTS
from analysis.frontier import frontier as frontier_of
from analysis.frontier import knee as knee_of
from analysis.loading import Run
from analysis.scaling import ScalingFit
from analysis.students import TEACHER
from tuner.errors import InputError
from tuner.metrics import ACCURACY, Objective

_LINE = 12
"""Height of a line of labels in pixels."""


def frontier(
    trials: pd.DataFrame,
    *,
    references: pd.DataFrame | None = None,
    title: str | None = None,
    objective: Objective = ACCURACY,
    cost: str = "parameters",
) -> alt.LayerChart:
    """All scored trials with a size as dots, the frontier as a stair through its trials, the knee in another colour.

    The stair is the best value at no more than so many parameters. Students of a teacher are framed by squares. Hovering
    shows a trial's configuration. The chart's parameter ``trial`` is the id of a trial that is ringed; pages may set it.

    Args:
        references: what ``analysis.references`` gives, to be drawn in: rivals (triangles with their names), the ensemble (a
            cross), baselines (squares, and a line for the most frequent label) and published systems (diamonds). Against
            another cost only the line is drawn, since nothing but the parameters of the others is known.
        title: above the chart.
        objective: what the search pursued.
        cost: a column of the trials: "parameters", or what ``tuner.costs.with_cost`` adds.
    """
    column, metric = objective.column, objective.metric
    usable, front = with_size(trials, objective, cost), frontier_of(trials, objective=objective, cost=cost)
    knee = knee_of(trials, objective=objective, cost=cost)
    titles = {"trial_id": "trial", column: metric.title, "parameters": "parameters", "status": "status"}
    titles |= {cost: COSTS[cost].title}
    if TEACHER in usable:
        titles[TEACHER] = "teacher"
    config = [str(name) for name in usable.columns if str(name).startswith(CONFIG)]
    table = usable[[*titles, *config]].rename(columns=lambda name: str(name).removeprefix(CONFIG))
    against = None if references is None else drawable(references, usable[column].min(), objective)
    if against is not None and cost != "parameters":
        against = against[against["parameters"] == 0]
    values, sizes = usable[column], usable[cost]
    if against is not None:
        values = pd.concat([values, against[objective.key]])
        sizes = pd.concat([sizes, against["parameters"][against["parameters"] > 0]])
    x, y = size_axis(cost, sizes), value_axis(column, values, objective, f"validation {metric.title}")
    formats = {column: value_format(objective), "parameters": ",", "learning_rate": ".2~g", "dropout": ".2~f",
               cost: f",.{COSTS[cost].digits}f"}  # fmt: skip
    tooltip = [
        alt.Tooltip(f"{name}:N" if name not in formats else f"{name}:Q", title=titles.get(name, name.replace("_", " ")),
                    format=formats.get(name, alt.Undefined))
        for name in table.columns
    ]  # fmt: skip
    marked = table.assign(on_frontier=table["trial_id"].isin(front["trial_id"]))
    base = alt.Chart(rows(marked)).encode(x=x, y=y, tooltip=tooltip)
    picked = alt.param(name="trial", value=knee or "")
    on_front, at_knee = "datum.on_frontier", alt.FieldEqualPredicate(field="trial_id", equal=knee or "")
    is_best = len(front) <= 2
    # Beside a trial at the left end a label would run over the axis: it is above it, then, and a long one on its right.
    named_at = usable.loc[usable["trial_id"] == knee, cost]
    place = (
        math.log(named_at.iloc[0] / sizes.min()) / math.log(sizes.max() / sizes.min())
        if knee and sizes.nunique() > 1
        else 1.0
    )
    is_right, is_above = is_best and place < 0.5, not is_best and place < 0.1
    dx, dy = (12, -10) if is_right else (-8, -18) if is_above else (-12, -10)
    line = alt.Chart(rows(_stair(front, usable, column, cost))).mark_line(style="front-line", interpolate="step-after")
    chart = layered(
        *([] if against is None else reference_layers(against, x, y, objective)),
        line.encode(x=x, y=y),
        base.transform_filter(f"!{on_front}").mark_point(style="trial", size=28, filled=True, cursor="pointer"),
        base.transform_filter(on_front).mark_point(style="front-point", size=80, filled=True, cursor="pointer"),
        base.transform_filter(at_knee).mark_point(style="knee", size=130, filled=True, cursor="pointer"),
        *_student_layers(base, usable),
        base.transform_filter("datum.trial_id == trial").mark_point(style="picked", size=320),
        base.transform_filter(at_knee)
        .mark_text(style="label", dy=dy, align="left" if is_right or is_above else "right", dx=dx)
        .encode(text=alt.value(metric.best if is_best else "knee")),
    ).add_params(picked)
    return dressed(chart, title)


def _student_layers(base: alt.Chart, usable: pd.DataFrame) -> list[alt.Chart]:
    if TEACHER not in usable or usable[TEACHER].isna().all():
        return []
    students = base.transform_filter(f"isValid(datum.{TEACHER})")
    return [
        students.mark_point(style="student", shape="square", size=190),
        students.mark_text(style="note", align="left", dx=9, dy=9).encode(text=alt.value("student")),
    ]


def _stair(front: pd.DataFrame, usable: pd.DataFrame, column: str, cost: str) -> pd.DataFrame:
    """The frontier's points, and its last value carried on to the largest trial."""
    points = front[[cost, column]]
    if points.empty:
        return points
    end = {cost: usable[cost].max(), column: points[column].iloc[-1]}
    return pd.concat([points, pd.DataFrame([end])], ignore_index=True)


def drawable(references: pd.DataFrame, lowest: float, objective: Objective = ACCURACY) -> pd.DataFrame:
    """The references that have a place in the chart.

    Rivals, the ensemble and baselines by their value on the validation set, as the trials have it. Published systems where
    their size is known and they are at least as accurate as the lowest trial: weaker ones would only press the trials together.
    """
    baseline = references["kind"].isin(["baseline", "rival", "ensemble"]) & (references["split"] == "validation")
    published = (references["kind"] == "published") & (references[objective.key] >= lowest)
    return references[(baseline | published) & references["parameters"].notna()]


def reference_layers(references: pd.DataFrame, x: alt.X, y: alt.Y, objective: Objective) -> list[alt.Chart]:
    """Published systems as diamonds, baselines as squares, rivals as triangles, the ensemble as a cross.

    What has no parameters is a line across.
    """
    x, y = x.copy(), y.copy()
    x.shorthand, y.shorthand = "parameters:Q", f"{objective.key}:Q"
    tooltip = [
        alt.Tooltip("system:N"),
        value_tooltip(objective.key, objective),
        alt.Tooltip("parameters:Q", format=","),
        alt.Tooltip("split:N", title=f"{objective.metric.title} on"),
        alt.Tooltip("source:N"),
    ]
    flat = references[references["parameters"] == 0]
    sized = references[references["parameters"] > 0]
    line = alt.Chart(rows(flat)).encode(y=y, tooltip=tooltip)
    layers = [
        line.mark_rule(style="baseline-line"),
        line.mark_text(style="note", align="left", baseline="bottom", dy=-3).encode(x=alt.value(4), text="system:N"),
    ]
    for kind, shape in (("published", "diamond"), ("baseline", "square")):
        points = alt.Chart(rows(sized[sized["kind"] == kind])).encode(x=x, y=y, tooltip=tooltip)
        layers.append(points.mark_point(style=kind, shape=shape, size=60))
    for kind, shape in (("rival", "triangle-up"), ("ensemble", "cross")):
        marks = sized[sized["kind"] == kind]
        if not marks.empty:
            points = alt.Chart(rows(marks)).encode(x=x, y=y, tooltip=tooltip)
            layers.append(points.mark_point(style=kind, shape=shape, size=90))
    # Each name a line below that of the next higher mark: so names of near ones do not overlap.
    named = sized[sized["kind"].isin(["rival", "ensemble"])].sort_values(
        objective.key, ascending=objective.mode == "min", kind="stable"
    )
    for place in range(len(named)):
        label = alt.Chart(rows(named.iloc[[place]])).encode(x=x, y=y, text="system:N", tooltip=tooltip)
        shift = _LINE * (place - (len(named) - 1) / 2)
        layers.append(label.mark_text(style="note", align="right", dx=-8, dy=shift))
    return layers


def compare_frontiers(runs: Sequence[Run], *, title: str | None = None) -> alt.LayerChart:
    """The frontier of each run as a stair with its trials, a colour a run.

    Raises:
        InputError: where the runs pursued different metrics, which have no axis in common.
    """
    objective, *others = dict.fromkeys(run.objective for run in runs)
    if others:
        raise InputError(f"the runs pursued {objective.name} and {others[0].name}; compare runs of one metric")
    column, value = objective.column, objective.metric.title
    table = trials_of(runs)
    by_run = table.groupby("run", sort=False, group_keys=False)[list(table.columns)]
    fronts_of = by_run.apply(frontier_of, objective=objective)
    data = rows(fronts_of[["run", "trial_id", "parameters", column]])
    base = alt.Chart(data).encode(
        x=size_axis("parameters", fronts_of["parameters"]),
        y=value_axis(column, fronts_of[column], objective, f"validation {value}"),
        color=alt.Color("run:N", title=None, sort=[run.name for run in runs]),
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        tooltip=[
            alt.Tooltip("run:N"),
            alt.Tooltip("trial_id:N", title="trial"),
            value_tooltip(column, objective, value),
            alt.Tooltip("parameters:Q", format=","),
        ]
    )
    return dressed(layered(base.mark_line(interpolate="step-after", strokeWidth=1.5), points), title)


def scaling(
    trials: pd.DataFrame, fit: ScalingFit | None, *, title: str | None = None, objective: Objective = ACCURACY
) -> alt.LayerChart:
    """The frontier's trials and the law with its 90 % band.

    Args:
        trials: as in ``Run.trials``.
        fit: what ``analysis.scaling_fit(trials)`` gives; None, where it cannot be fitted, leaves the law out.
    """
    column, metric = objective.column, objective.metric
    front = frontier_of(trials, objective=objective)
    values = [front[column], *((fit.curve["low"], fit.curve["high"]) if fit else ())]
    sizes = fit.curve["parameters"] if fit else front["parameters"]
    x = size_axis("parameters", sizes)
    y = value_axis(column, pd.concat(values), objective, f"validation {metric.title}")
    tooltip = [
        alt.Tooltip("trial_id:N", title="trial"),
        value_tooltip(column, objective, metric.title),
        alt.Tooltip("parameters:Q", format=","),
    ]
    points = alt.Chart(rows(front[["trial_id", column, "parameters"]]))
    marks = points.mark_point(style="front-point", size=60, filled=True).encode(x=x, y=y, tooltip=tooltip)
    if fit is None:
        return dressed(layered(marks), title)
    law = alt.Chart(rows(fit.curve))
    band = law.mark_area(style="band").encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    line = law.mark_line(style="strong-line").encode(x=x, y=alt.Y(f"{objective.key}:Q"))
    return dressed(layered(band, line, marks), title)
