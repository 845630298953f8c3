"""Accuracy against parameters: all trials, the frontier and its knee, references, several runs, the scaling fit."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from analysis.charts.theme import accuracy_axis, dressed, layered, rows, size_axis
from analysis.columns import CONFIG, with_size
from analysis.comparing import trials_of
from analysis.frontier import frontier as frontier_of
from analysis.frontier import knee as knee_of
from analysis.loading import Run
from analysis.scaling import ScalingFit

_FIRST = [("trial_id", "trial"), ("val_accuracy", "accuracy"), ("parameters", "parameters"), ("status", "status")]


def frontier(
    trials: pd.DataFrame, *, references: pd.DataFrame | None = None, title: str | None = None
) -> alt.LayerChart:
    """All trials with an accuracy and a size as dots, the frontier as a stair through its trials, the knee in another colour.

    The stair is the best accuracy at no more than so many parameters. Hovering shows a trial's configuration. The chart's
    parameter ``trial`` is the id of a trial that is ringed; pages may set it.

    Args:
        trials: of a run.
        references: what ``analysis.references`` gives, to be drawn in: baselines (squares, and a line for the most frequent
            label) and published systems (diamonds).
        title: above the chart.
    """
    usable, front, knee = with_size(trials), frontier_of(trials), knee_of(trials)
    config = [str(name) for name in usable.columns if str(name).startswith(CONFIG)]
    table = usable[[name for name, _ in _FIRST] + config].rename(columns=lambda name: str(name).removeprefix(CONFIG))
    against = None if references is None else drawable(references, usable["val_accuracy"].min())
    accuracies, sizes = usable["val_accuracy"], usable["parameters"]
    if against is not None:
        accuracies = pd.concat([accuracies, against["accuracy"]])
        sizes = pd.concat([sizes, against["parameters"][against["parameters"] > 0]])
    x, y = size_axis("parameters", sizes), accuracy_axis("val_accuracy", accuracies)
    formats = {"val_accuracy": ".2%", "parameters": ",", "learning_rate": ".2~g", "dropout": ".2~f"}
    titles = dict(_FIRST)
    tooltip = [
        alt.Tooltip(f"{name}:N" if name not in formats else f"{name}:Q", title=titles.get(name, name.replace("_", " ")),
                    format=formats.get(name, alt.Undefined))
        for name in table.columns
    ]  # fmt: skip
    marked = table.assign(on_frontier=table["trial_id"].isin(front["trial_id"]))
    base = alt.Chart(rows(marked)).encode(x=x, y=y, tooltip=tooltip)
    picked = alt.param(name="trial", value=knee or "")
    on_front, at_knee = "datum.on_frontier", alt.FieldEqualPredicate(field="trial_id", equal=knee or "")
    line = alt.Chart(rows(_stair(front, usable))).mark_line(style="front-line", interpolate="step-after")
    chart = layered(
        *([] if against is None else reference_layers(against, x, y)),
        line.encode(x=x, y=y),
        base.transform_filter(f"!{on_front}").mark_point(style="trial", size=28, filled=True, cursor="pointer"),
        base.transform_filter(on_front).mark_point(style="front-point", size=80, filled=True, cursor="pointer"),
        base.transform_filter(at_knee).mark_point(style="knee", size=130, filled=True, cursor="pointer"),
        base.transform_filter("datum.trial_id == trial").mark_point(style="picked", size=320),
        base.transform_filter(at_knee)
        .mark_text(style="label", align="right", dx=-12, dy=-10)
        .encode(text=alt.value("knee" if len(front) > 2 else "most accurate")),
    ).add_params(picked)
    return dressed(chart, title)


def _stair(front: pd.DataFrame, usable: pd.DataFrame) -> pd.DataFrame:
    """The frontier's points, and its last accuracy carried on to the largest trial."""
    points = front[["parameters", "val_accuracy"]]
    if points.empty:
        return points
    end = {"parameters": usable["parameters"].max(), "val_accuracy": points["val_accuracy"].iloc[-1]}
    return pd.concat([points, pd.DataFrame([end])], ignore_index=True)


_TOOLTIP = [
    alt.Tooltip("system:N"),
    alt.Tooltip("accuracy:Q", format=".2%"),
    alt.Tooltip("parameters:Q", format=","),
    alt.Tooltip("part:N", title="accuracy on"),
    alt.Tooltip("source:N"),
]


def drawable(references: pd.DataFrame, lowest: float) -> pd.DataFrame:
    """The references that have a place in the chart.

    Baselines by their validation accuracy, as the trials have it. Published systems where their size is known and they are at
    least as accurate as the lowest trial: weaker ones would only press the trials together.
    """
    baseline = (references["kind"] == "baseline") & (references["part"] == "validation")
    published = (references["kind"] == "published") & (references["accuracy"] >= lowest)
    return references[(baseline | published) & references["parameters"].notna()]


def reference_layers(references: pd.DataFrame, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Published systems as diamonds, baselines as squares; what has no parameters is a line across the chart."""
    x, y = x.copy(), y.copy()
    x.shorthand, y.shorthand = "parameters:Q", "accuracy:Q"
    flat = references[references["parameters"] == 0]
    sized = references[references["parameters"] > 0]
    line = alt.Chart(rows(flat)).encode(y=y, tooltip=_TOOLTIP)
    layers = [
        line.mark_rule(style="baseline-line"),
        line.mark_text(style="note", align="left", baseline="bottom", dy=-3).encode(x=alt.value(4), text="system:N"),
    ]
    for kind, shape in (("published", "diamond"), ("baseline", "square")):
        points = alt.Chart(rows(sized[sized["kind"] == kind])).encode(x=x, y=y, tooltip=_TOOLTIP)
        layers.append(points.mark_point(style=kind, shape=shape, size=60))
    return layers


def compare_frontiers(runs: Sequence[Run], *, title: str | None = None) -> alt.LayerChart:
    """The frontier of each run as a stair with its trials, a colour a run."""
    table = trials_of(runs)
    fronts_of = table.groupby("run", sort=False, group_keys=False)[list(table.columns)].apply(frontier_of)
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


def scaling(trials: pd.DataFrame, fit: ScalingFit | None, *, title: str | None = None) -> alt.LayerChart:
    """The frontier's trials and the law with its 90 % band.

    Args:
        trials: as in ``Run.trials``.
        fit: what ``analysis.scaling_fit(trials)`` gives; None, where it cannot be fitted, leaves the law out.
        title: above the chart.
    """
    front = frontier_of(trials)
    accuracies = [front["val_accuracy"], *((fit.curve["low"], fit.curve["high"]) if fit else ())]
    sizes = fit.curve["parameters"] if fit else front["parameters"]
    x, y = size_axis("parameters", sizes), accuracy_axis("val_accuracy", pd.concat(accuracies))
    tooltip = [
        alt.Tooltip("trial_id:N", title="trial"),
        alt.Tooltip("val_accuracy:Q", title="accuracy", format=".2%"),
        alt.Tooltip("parameters:Q", format=","),
    ]
    points = alt.Chart(rows(front[["trial_id", "val_accuracy", "parameters"]]))
    marks = points.mark_point(style="front-point", size=60, filled=True).encode(x=x, y=y, tooltip=tooltip)
    if fit is None:
        return dressed(layered(marks), title)
    law = alt.Chart(rows(fit.curve))
    band = law.mark_area(style="band").encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    line = law.mark_line(style="strong-line").encode(x=x, y=alt.Y("accuracy:Q"))
    return dressed(layered(band, line, marks), title)
