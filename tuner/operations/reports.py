"""The report of a run with all that is in it: what its trials got wrong as well, for which the data are read again."""

from collections.abc import Callable
from pathlib import Path

from analysis.error_analysis import ErrorAnalysis, analyse
from analysis.errors import evaluated
from analysis.loading import Results, Run
from analysis.recommendation import recommend
from analysis.report import write_report
from tuner.costs import costs_for_report
from tuner.errors import InputError
from tuner.operations.text_facts import facts_for

Worded = Callable[[InputError], str]


def write_whole_report(
    results: Results, path: Path, *, with_texts: bool = True, cost: str = "parameters", worded: Worded = str
) -> Results:
    """Writes the report of a run, or of a folder of another tool, whose texts are not known.

    Args:
        results: of the run, or the folder.
        path: the file.
        with_texts: whether texts of the data are in it.
        cost: what frontier and knee are against, as in ``SearchRun.rank``.
        worded: how an error reads that says why something is not known.

    Returns:
        The trials with the column of the cost.

    Raises:
        InputError: where the file cannot be written, or the cost is not known.
    """
    results, costs = costs_for_report(results, cost)
    errors = errors_of_the_best(results, cost=cost, worded=worded) if isinstance(results, Run) else None
    write_report(results, path, errors=errors, with_texts=with_texts, costs=costs)
    return results


def errors_of_the_best(run: Run, *, cost: str = "parameters", worded: Worded = str) -> ErrorAnalysis | str | None:
    """The errors of the trial to take, or of the best whose predictions are kept; else a sentence that says why not."""
    decision = recommend(run.candidates, objective=run.objective, rivals=run.rivals, cost=cost)
    if decision is None:
        return None
    chosen = str(decision.chosen["trial_id"])
    try:
        one = evaluated(run, chosen if run.folder.with_models().validation(chosen).exists() else None)
        return analyse(run, one, facts_for(run, one))
    except InputError as error:
        return f"Not known: {worded(error)}."
