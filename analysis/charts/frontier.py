"""Accuracy against parameters: all trials, the frontier, its knee."""

import altair as alt
import pandas as pd

from analysis import fronts
from analysis.charts.data import accuracy_axis, rows, size_axis
from analysis.charts.references import drawable, reference_layers
from analysis.charts.theme import dressed, layered
from analysis.columns import CONFIG, with_size

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
    usable, front, knee = with_size(trials), fronts.frontier(trials), fronts.knee(trials)
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
