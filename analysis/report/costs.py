"""What the report says of costs: what the frontier is against, and what its models take to run."""

from dataclasses import dataclass

import pandas as pd

from analysis.columns import records
from analysis.costs import COSTS, PARAMETERS, Cost
from analysis.frontier import frontier
from analysis.loading import Results
from analysis.report.tables import Cell, Row, Table, cost_cell, number_cell, value_cell


@dataclass(frozen=True, eq=False)
class Costs:
    """What is known of the costs of a run.

    Attributes:
        cost: the column that the frontier is against.
        note: what that column is, in a sentence; empty of parameters.
        closed_form: whether the trials have the columns ``multiply_adds`` and ``bytes``.
        measured: one row per trial and exported model that was measured: ``trial``, ``model``, ``takes``, ``bytes``,
            ``p50_ms``, ``p95_ms``, ``texts_per_second``, ``spread`` and ``processor``; None where there is none.
    """

    cost: str = PARAMETERS.column
    note: str = ""
    closed_form: bool = False
    measured: pd.DataFrame | None = None

    @property
    def against(self) -> Cost:
        """What the frontier is against."""
        return COSTS[self.cost]


def closed_form_table(run: Results, costs: Costs) -> Table | None:
    """What follows from the configurations of the frontier, from the cheapest up; None where it is not known."""
    if not costs.closed_form:
        return None
    objective = run.objective
    rows = [
        Row(
            trial["trial_id"],
            [
                Cell(trial["trial_id"], trial["trial_id"]),
                value_cell(trial[objective.column], objective),
                *(cost_cell(trial[name], COSTS[name]) for name in ("parameters", "multiply_adds", "bytes")),
            ],
        )
        for trial in records(frontier(run.candidates, objective=objective, cost=costs.cost))
    ]
    columns = ["trial", objective.metric.title, "parameters", "multiply-adds a text", "bytes, estimated"]
    return Table(columns, [False, True, True, True, True], rows)


def measured_table(costs: Costs) -> Table | None:
    """What was measured of exported models; None where nothing was."""
    if costs.measured is None:
        return None
    rows = [
        Row(
            one["trial"],
            [
                Cell(one["trial"], one["trial"]),
                Cell(one["model"], one["model"]),
                Cell(one["takes"], one["takes"]),
                number_cell(one["bytes"]),
                number_cell(one["p50_ms"], ".3f"),
                number_cell(one["p95_ms"], ".3f"),
                number_cell(one["texts_per_second"], ",.0f"),
                Cell(f"{one['spread']:.0%}", one["spread"]),
            ],
        )
        for one in records(costs.measured)
    ]
    columns = [
        "trial",
        "exported as",
        "takes",
        "bytes",
        "ms for one text",
        "slowest twentieth",
        "texts a second",
        "spread",
    ]
    return Table(columns, [False, False, False, True, True, True, True, True], rows)
