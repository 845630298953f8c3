"""Students of a run: configurations of its trials that were trained once more on a teacher's probabilities."""

from collections.abc import Iterable

import pandas as pd

from tuner.metrics import metric_column
from tuner.runs.events import StudentEnded

TEACHER = "teacher"
"""The column that says whose probabilities a student was trained on."""

_KINDS = {
    **dict.fromkeys(("status", "error"), "object"),
    **dict.fromkeys(("val_loss", "train_accuracy", "train_loss", "seconds"), "float64"),
    **dict.fromkeys(("best_epoch", "epochs"), "Int64"),
}
"""Of the columns that a student has results of its own in."""


def students_table(events: Iterable[StudentEnded], trials: pd.DataFrame, repeats: pd.DataFrame) -> pd.DataFrame:
    """One row per student, in the order in which they ended.

    Columns: those of ``trials``, where ``trial_id`` is the student's name, and ``teacher``, ``student_of`` (the trial whose
    configuration it has) and ``hard_weight`` (share of the label in a text's loss).

    Args:
        events: how they ended.
        trials: as in ``Run.trials``; hyperparameters and sizes are those of a student's trial.
        repeats: as in ``Run.repeats``, which the figures of the test set are means over.
    """
    there = set(trials["trial_id"])
    known = [event for event in events if event.trial in there]
    names = pd.Series([event.student for event in known], dtype=object)
    table = trials.set_index("trial_id", drop=False).loc[[event.trial for event in known]].reset_index(drop=True)
    values = {"trial_id": names} | {
        name: pd.Series([getattr(event, name) for event in known], dtype=kind) for name, kind in _KINDS.items()
    }
    tested = repeats[repeats["status"] == "completed"].groupby("model")
    for column in [str(name) for name in trials.columns]:
        part, _, _ = column.partition("_")
        if column in values:
            table[column] = values[column]
        elif part == "val":
            found = [
                {metric_column("val", name): value for name, value in event.val_metrics.items()} for event in known
            ]
            table[column] = pd.Series([row.get(column) for row in found], dtype="float64")
        elif part == "test":
            table[column] = names.map(tested[column].mean()).astype("float64")
    for name in (TEACHER, "hard_weight"):
        table[name] = [getattr(event, name) for event in known]
    table["student_of"] = [event.trial for event in known]
    return table


def with_students(trials: pd.DataFrame, students: pd.DataFrame) -> pd.DataFrame:
    """The trials and behind them the students that came to something, in one table with the column ``teacher``."""
    usable = students[students["status"] == "completed"]
    if usable.empty:
        return trials
    # As lists: pandas would warn of columns that are empty in one of both.
    joined = {str(name): pd.Series([*trials[name], *usable[name]], dtype=trials[name].dtype) for name in trials.columns}
    return pd.DataFrame({**joined, TEACHER: pd.Series([*[None] * len(trials), *usable[TEACHER]], dtype=object)})
