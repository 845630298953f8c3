"""The charts of the report as Vega-Lite specifications that take the page's colours and width."""

from itertools import combinations
from typing import Any

import altair as alt
import pandas as pd

from analysis import charts
from analysis.charts.theme import CSS, config
from analysis.columns import scored, varied
from analysis.effects import importance
from analysis.loading import Results, Run
from analysis.predictions import predictions
from analysis.report.confirmed import Confirmed
from analysis.scaling import ScalingFit

_MOST_INTERACTING = 4
_CHECK = False
"""Whether finished figures are held against Vega-Lite's schema: a third of a report's time, so it is done by tests only."""


def figures(
    run: Results,
    fit: ScalingFit | None,
    time: pd.DataFrame | None,
    confirmed: Confirmed | None,
    against: pd.DataFrame | None,
    *,
    cost: str = "parameters",
) -> dict[str, dict[str, Any]]:
    """The specifications by the name that the page places them with; what the trials do not give is left out."""
    objective = run.objective
    usable = scored(run.trials, objective)
    drawn: dict[str, alt.LayerChart] = {} if time is None else {"time": charts.time_spent(time)}
    if not usable.empty:
        if usable[cost].notna().any():
            drawn["frontier"] = charts.frontier(run.candidates, references=against, objective=objective, cost=cost)
            drawn["curve"] = charts.trial_curve(run).properties(height=210)
        if run.epochs["trial_id"].duplicated().any():  # KerasTuner keeps one epoch a trial
            drawn["curves"] = charts.learning_curves(run).properties(height=260)
        drawn |= {f"effect {name}": charts.effect(run.trials, name, objective=objective) for name in varied(usable)}
    shares = importance(run.trials, objective=objective)
    if not shares.empty:
        drawn["importance"] = charts.importance(shares, objective=objective)
        drawn |= {
            f"interaction {first} {second}": charts.interaction(run.trials, first, second, objective=objective)
            for first, second in _pairs(shares)
        }
    if fit is not None:
        drawn["scaling"] = charts.scaling(run.candidates, fit, objective=objective).properties(height=260)
    if confirmed is not None and isinstance(run, Run):
        predicted = predictions(run, confirmed.shown)
        drawn["confirmation"] = charts.confirmation(run, confirmed.found)
        drawn["calibration"] = charts.calibration(predicted)
        drawn["confusion"] = charts.confusion(predicted)
    return {name: _for_page(chart) for name, chart in drawn.items()}


def _pairs(shares: pd.DataFrame) -> list[tuple[str, str]]:
    """The pairs of the most important hyperparameters, the most important first."""
    totals = shares.groupby("hyperparameter")["importance"].sum().sort_values(ascending=False)
    names = [str(name) for name in totals.index[:_MOST_INTERACTING]]
    return list(combinations(names, 2))


def _for_page(chart: alt.LayerChart) -> dict[str, Any]:
    specification = chart.to_dict(validate=_CHECK)
    specification.pop("$schema")  # an address that nothing needs: the page says itself that this is Vega-Lite
    return {
        **specification,
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": config(CSS),
    }
