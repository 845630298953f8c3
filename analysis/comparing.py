"""Several runs side by side."""

from collections.abc import Sequence

import pandas as pd

from analysis.frontier import REFERENCE, Reference, frontier, hypervolume
from analysis.loading import Run
from analysis.recommendation import recommend


def compare(runs: Sequence[Run], reference: Reference = REFERENCE) -> pd.DataFrame:
    """One row per run: ``run``, ``data``, ``trials``, ``best_<metric>``, ``best_parameters``, ``knee``, ``knee_<metric>``,
    ``knee_parameters``, ``frontier`` (trials on it), ``hypervolume`` (against ``reference``) and ``seconds`` of the workers.

    >>> analysis.compare([run])["knee_parameters"].tolist()
    [4929]
    """
    return pd.DataFrame([_row(run, reference) for run in runs])


def _row(run: Run, reference: Reference) -> dict[str, object]:
    objective = run.objective
    recommendation = recommend(run.candidates, objective=objective)
    return {
        "run": run.name,
        "data": run.settings.data.source,
        "trials": len(run.trials),
        f"best_{objective.key}": recommendation.best[objective.column] if recommendation else None,
        "best_parameters": recommendation.best["parameters"] if recommendation else None,
        "knee": recommendation.chosen["trial_id"] if recommendation else None,
        f"knee_{objective.key}": recommendation.chosen[objective.column] if recommendation else None,
        "knee_parameters": recommendation.chosen["parameters"] if recommendation else None,
        "frontier": len(frontier(run.candidates, objective=objective)),
        "hypervolume": hypervolume(run.candidates, reference, objective=objective),
        "seconds": float(run.trials["seconds"].sum()),
    }


def trials_of(runs: Sequence[Run]) -> pd.DataFrame:
    """The trials, or configurations over folds, of several runs in one table, with the column ``run`` before the others.

    >>> len(analysis.trials_of([run]))
    40
    """
    return pd.concat([run.candidates.assign(run=run.name) for run in runs], ignore_index=True).pipe(
        lambda table: table[["run", *table.columns.drop("run")]]
    )
