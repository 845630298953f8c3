"""All that there is to say of a trial's errors, ready to be printed or drawn."""

from dataclasses import dataclass

import pandas as pd

from analysis.errors import Disagreement, Evaluated, confused, disagreement, mistakes
from analysis.label_errors import label_errors
from analysis.loading import Run
from analysis.slices import by_column, by_length, by_unknown, sliced


@dataclass(frozen=True, eq=False)
class ErrorAnalysis:
    """Tables about the validation texts of a trial.

    Attributes:
        trial: its id.
        table: all texts, as ``Evaluated.table`` gives them.
        mistakes: the wrong ones, the most confident first.
        confused: pairs of classes, as ``analysis.errors.confused`` gives them.
        slices: accuracy by kind of text: "class", "words", "unknown words" and the user's column.
        label_errors: all texts, the most suspicious label first: the columns of ``analysis.label_errors`` and the text's.
        disagreement: of the two ends of the frontier, None where predictions of fewer than two trials are kept.
        frontier_texts: the texts that its small end gets wrong and its large end right.
        has_files: whether the texts come from several files.
        has_gaps: whether rows were left out that could not be read, so that rows are not those of the file.
    """

    trial: str
    table: pd.DataFrame
    mistakes: pd.DataFrame
    confused: pd.DataFrame
    slices: dict[str, pd.DataFrame]
    label_errors: pd.DataFrame
    disagreement: Disagreement | None
    frontier_texts: pd.DataFrame
    has_files: bool
    has_gaps: bool


def analyse(run: Run, one: Evaluated, texts: pd.DataFrame, *, by: str | None = None) -> ErrorAnalysis:
    """Analyses the errors of a trial.

    Args:
        run: the run.
        one: what is kept of the trial's predictions.
        texts: the same texts in the same order, with ``analysis.errors.FACTS``, and ``by`` where a column is given.
        by: the name of the user's column that ``texts`` has as ``by``.
    """
    table, objective = one.table(texts), run.objective
    groups = {
        "class": table["label"],
        "words": by_length(texts["words"]),
        "unknown words": by_unknown(texts["unknown"]),
    }
    if by is not None:
        groups[by] = by_column(texts["by"])
    suspects = label_errors(one.found)
    differ = disagreement(run)
    # The ends of the frontier are compared on the texts of fold 1, which come first.
    comparable = differ is not None and one.folds[0] == 1
    return ErrorAnalysis(
        trial=one.trial,
        table=table,
        mistakes=mistakes(table),
        confused=confused(table),
        slices={name: sliced(one.found, group, objective) for name, group in groups.items()},
        label_errors=suspects.join(texts),
        disagreement=differ if comparable else None,
        frontier_texts=table.iloc[differ.gained if differ is not None and comparable else []],
        has_files=texts["file"].nunique() > 1,
        has_gaps=bool(texts.attrs.get("has_gaps", False)),
    )
