"""What a run has to be held against: baselines without recurrence, and published results on the same data set."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analysis.columns import CONFIG, with_accuracy
from analysis.loading import Run
from analysis.published.tables import tables_for

_COLUMNS = ["system", "kind", "accuracy", "parameters", "part", "source"]
MAJORITY = "always the most frequent label"


def references(run: Run) -> pd.DataFrame:
    """Baselines of the run and published systems, the most accurate first.

    Baselines are always giving the most frequent label; the most accurate trial without a recurrent cell, where there is one;
    and, after ``tuner confirm``, averaged word vectors (means over repeats). Published systems are there where the data's
    name, or their file's without its ending, is that of a data set in ``analysis.published``; their splits, texts and
    vocabularies may differ from the run's.

    Returns:
        Columns ``system``, ``kind`` ("baseline" or "published"), ``accuracy`` (0 to 1), ``parameters`` (Int64, missing where
        not known), ``part`` ("validation" or "test": what the accuracy is of) and ``source``.
    """
    published = tables_for(Path(run.settings.data.source).stem.lower()).rename(columns={"split": "part"})
    found = pd.DataFrame([*_baselines(run), *published.assign(kind="published").to_dict("records")], columns=_COLUMNS)
    found = found.astype({"accuracy": "float64", "parameters": "Int64"})
    return found.sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)


def _baselines(run: Run) -> Iterator[dict[str, object]]:
    if run.settings.data.majority is not None:
        yield _baseline(MAJORITY, run.settings.data.majority, 0, "validation", "this run")
    usable = with_accuracy(run.trials)
    if CONFIG + "cell" in usable:
        pooled = usable[usable[CONFIG + "cell"] == "none"].sort_values("val_accuracy", ascending=False)
        for _, trial in pooled.head(1).iterrows():
            name = f"no recurrent cell (trial {trial['trial_id']})"
            yield _baseline(name, trial["val_accuracy"], trial["parameters"], "validation", "this run")
    repeats = run.repeats[~run.repeats["model"].isin(run.trials["trial_id"]) & (run.repeats["status"] == "completed")]
    for model, trained in repeats.groupby("model"):
        for part, column in (("validation", "val_accuracy"), ("test", "test_accuracy")):
            size = trained["parameters"].iloc[0]
            yield _baseline(str(model), trained[column].mean(), size, part, "this run, tuner confirm")


def _baseline(system: str, accuracy: float, parameters: int, part: str, source: str) -> dict[str, object]:
    values = (system, "baseline", accuracy, parameters, part, source)
    return dict(zip(_COLUMNS, values, strict=True))
