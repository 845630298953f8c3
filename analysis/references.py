"""What a run has to be held against: baselines without recurrence, and published results on the same data set."""

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.columns import CONFIG, scored
from analysis.ensembles import ENSEMBLE, Ensemble
from analysis.loading import Run
from analysis.published.tables import tables_for
from tuner.metrics import ACCURACY

MAJORITY = "always the most frequent label"


def references(run: Run, *, averaged: Ensemble | None = None) -> pd.DataFrame:
    """Baselines of the run and published systems, the best by the run's objective first.

    Rivals are the linear models of n-grams that the search fitted. Baselines are always giving the most frequent label; the
    best trial without a recurrent cell, where there is one; and, after ``tuner confirm``, averaged word vectors (means over
    repeats). Published systems are there (of accuracy) where the data's name, or their file's without its ending, is that of a
    data set in ``analysis.published``; their splits, texts and vocabularies may differ from the run's.

    Args:
        run: the run.
        averaged: its ensemble, where it is to be among them, with its cross-fitted value.

    Returns:
        Columns ``system``, ``kind`` ("rival", "ensemble", "baseline" or "published"), the objective's name (a value of it),
        ``parameters`` (Int64, missing where not known), ``split`` ("validation" or "test": what the value is of), ``source``.

    >>> analysis.references(run)["system"].iloc[-1]
    'always the most frequent label'
    """
    objective, rows = run.objective, list(_baselines(run))
    if objective == ACCURACY:
        published = tables_for(Path(run.settings.data.source).stem.lower())
        rows += published.assign(kind="published").to_dict("records")
    if averaged is not None:
        rows.append(
            {
                "system": ENSEMBLE,
                "kind": ENSEMBLE,
                objective.key: averaged.cross_fitted,
                "parameters": averaged.parameters,
                "split": "validation",
                "source": f"this run: {averaged.title}",
            }
        )
    found = pd.DataFrame(rows, columns=["system", "kind", objective.key, "parameters", "split", "source"])
    found = found.astype({objective.key: "float64", "parameters": "Int64"})
    return found.sort_values(objective.key, ascending=objective.mode == "min", kind="stable", ignore_index=True)


def _baselines(run: Run) -> Iterator[dict[Hashable, Any]]:
    objective = run.objective

    def baseline(*values: Any, source: str = "this run") -> dict[Hashable, Any]:
        names = ("system", objective.key, "parameters", "split")
        return {"kind": "baseline", "source": source, **dict(zip(names, values, strict=True))}

    if objective.baseline is not None:
        yield baseline(MAJORITY, objective.baseline, 0, "validation")
    usable = scored(run.candidates, objective)
    if CONFIG + "cell" in usable:
        pooled = usable[usable[CONFIG + "cell"] == "none"]
        for _, trial in pooled.sort_values(objective.column, ascending=objective.mode == "min").head(1).iterrows():
            name = f"no recurrent cell (trial {trial['trial_id']})"
            yield baseline(name, trial[objective.column], trial["parameters"], "validation")
    for _, rival in run.rivals[run.rivals["error"].isna()].iterrows():
        yield baseline(rival["rival"], rival[objective.column], rival["parameters"], "validation") | {"kind": "rival"}
    others = ~run.repeats["model"].isin([*run.models["trial_id"], *run.rivals["rival"]])
    repeats = run.repeats[others & (run.repeats["status"] == "completed")]
    for model, trained in repeats.groupby("model"):
        for part, column in (("validation", objective.column), ("test", objective.test_column)):
            size = trained["parameters"].iloc[0]
            yield baseline(str(model), trained[column].mean(), size, part, source="this run, tuner confirm")
