"""Charts of hyperparameters: the effect of one, the importance of all, the interaction of two."""

import altair as alt
import pandas as pd

from analysis.charts.theme import dressed, layered, nothing_to_draw, rows, value_axis, value_tooltip
from analysis.columns import CONFIG, require, scored
from analysis.effects import FEWEST_TRIALS, effects, interactions
from tuner.metrics import ACCURACY, Objective

_LETTERS_THAT_FIT = 36


def effect(
    trials: pd.DataFrame, name: str, *, title: str | None = None, objective: Objective = ACCURACY
) -> alt.LayerChart:
    """Values of the objective of the trials by their value of the hyperparameter ``name``: range, middle half and median.

    All trials together decide the axis, so that charts of several hyperparameters can be held against each other.
    """
    require(trials, CONFIG + name)
    usable = scored(trials, objective)
    table = effects(usable[["trial_id", "parameters", objective.column, CONFIG + name]], objective=objective)
    # Of accuracy, which most searches pursue, a title beside each of many small charts would say nothing new.
    y_title = None if objective == ACCURACY else objective.metric.title
    y = value_axis("median", usable[objective.column], objective, y_title)
    flat = sum(len(text) + 2 for text in table["value"]) <= _LETTERS_THAT_FIT
    x = alt.X("value:N", title=None, sort=None, axis=alt.Axis(labelAngle=0 if flat else -35, labelLimit=110))
    base = alt.Chart(rows(table)).encode(
        x=x,
        tooltip=[
            alt.Tooltip("value:N", title=name.replace("_", " ")),
            alt.Tooltip("trials:Q"),
            *(value_tooltip(field, objective) for field in ("lowest", "q1", "median", "q3", "highest")),
        ],
    )
    chart = layered(
        base.mark_rule(style="thin-range").encode(y=alt.Y("lowest:Q"), y2="highest:Q"),
        base.mark_rule(style="thick-range").encode(y=alt.Y("q1:Q"), y2="q3:Q"),
        base.mark_point(style="middle", size=75, filled=True).encode(y=y),
    )
    return dressed(chart, title or name.replace("_", " "), width=260, height=170)


def importance(table: pd.DataFrame, *, title: str | None = None, objective: Objective = ACCURACY) -> alt.LayerChart:
    """Two bars a hyperparameter: its share in being among the best tenth by the objective, and by frontier layer.

    Args:
        table: what ``analysis.importance(run.trials)`` gives.
    """
    aim = "to be accurate" if objective == ACCURACY else f"for a good {objective.metric.title}"
    names = {objective.key: aim, "frontier": "to be near the frontier"}
    require(table, "hyperparameter", "target", "importance")
    if table.empty:
        return nothing_to_draw(f"at least {FEWEST_TRIALS} trials, and hyperparameters that vary, are needed", title)
    means = table.groupby("hyperparameter")["importance"].sum().sort_values(ascending=False)
    order = means.index.tolist()
    table = table.assign(target=table["target"].map(names), name=table["hyperparameter"].str.replace("_", " "))
    chart = alt.Chart(rows(table)).mark_bar(cornerRadiusEnd=2, height={"band": 0.86})
    encoded = chart.encode(
        x=alt.X("importance:Q", title="share of importance", axis=alt.Axis(format="%", grid=True, tickCount=5)),
        y=alt.Y("name:N", title=None, sort=[name.replace("_", " ") for name in order], axis=alt.Axis(grid=False)),
        yOffset=alt.YOffset("target:N", sort=list(names.values())),
        color=alt.Color("target:N", title=None, sort=list(names.values())),
        tooltip=[
            alt.Tooltip("name:N", title="hyperparameter"),
            alt.Tooltip("target:N", title="mattered"),
            alt.Tooltip("importance:Q", format=".0%"),
        ],
    )
    return dressed(layered(encoded), title, height=alt.Step(13))


def interaction(
    trials: pd.DataFrame, first: str, second: str, *, title: str | None = None, objective: Objective = ACCURACY
) -> alt.LayerChart:
    """Mean objective of the trials with each pair of values: the darker, the better; empty where there is none.

    Each cell shows its mean, a share in percent; hovering shows how many trials it has.
    """
    table = interactions(trials, [first, second], objective=objective)
    if table.empty:
        return nothing_to_draw("two hyperparameters that vary are needed", title)
    if table["first"].iloc[0] != first:
        first, second = second, first
    column, metric = f"mean_{objective.key}", objective.metric
    worst, best = sorted((table[column].min(), table[column].max()), key=objective.turned)
    middle = worst + 0.7 * (best - worst)
    mean = getattr(alt.datum, column)
    light, dark = (mean < middle, mean >= middle) if objective.mode == "max" else (mean > middle, mean <= middle)
    base = alt.Chart(rows(table)).encode(
        x=alt.X("first_value:N", title=first.replace("_", " "), sort=None, axis=alt.Axis(labelAngle=0, grid=False)),
        y=alt.Y("second_value:N", title=second.replace("_", " "), sort=None, axis=alt.Axis(grid=False)),
        tooltip=[
            alt.Tooltip("first_value:N", title=first.replace("_", " ")),
            alt.Tooltip("second_value:N", title=second.replace("_", " ")),
            value_tooltip(column, objective, f"mean {metric.title}"),
            alt.Tooltip("trials:Q"),
        ],
    )
    scale = alt.Scale(domain=[worst, best], range=[0.06, 0.95]) if worst != best else alt.Scale(range=[0.5, 0.5])
    figure = f"format(100 * datum.{column}, '.1f')" if metric.percent else f"format(datum.{column}, '.3f')"
    text = base.transform_calculate(shown=figure).encode(text="shown:N")
    chart = layered(
        base.mark_rect(style="heat", cornerRadius=3).encode(
            fillOpacity=alt.FillOpacity(f"{column}:Q", scale=scale, legend=None)
        ),
        text.transform_filter(light).mark_text(style="label"),
        text.transform_filter(dark).mark_text(style="on-heat"),
    )
    return dressed(chart, title, width=260, height=alt.Step(28))
