"""``tuner report``."""

from pathlib import Path

from analysis.error_analysis import ErrorAnalysis, analyse
from analysis.errors import judged
from analysis.loading import Run, load_results
from analysis.recommendation import recommend
from analysis.report import write_report
from tuner.cli.spelling import message_of
from tuner.cli.terminal import Terminal
from tuner.cli.text_facts import facts_for
from tuner.errors import InputError
from tuner.metrics import Mode


def report_command(
    run: str,
    runs_dir: Path,
    *,
    out: Path | None,
    no_texts: bool = False,
    metric: str | None = None,
    metric_mode: Mode | None = None,
) -> int:
    """Writes the report and says where, and what it comes to."""
    loaded = load_results(run, runs_dir=runs_dir, metric=metric, metric_mode=metric_mode)
    folder = loaded.folder.path if isinstance(loaded, Run) else loaded.path
    path = out if out is not None else folder / "report.html"
    errors = _errors(loaded) if isinstance(loaded, Run) else None
    write_report(loaded, path, errors=errors, with_texts=not no_texts)
    place = loaded.folder.publish(path) if out is None and isinstance(loaded, Run) else str(path)
    console = Terminal()
    rivals = loaded.rivals if isinstance(loaded, Run) else None
    decision = recommend(loaded.candidates, objective=loaded.objective, rivals=rivals)
    console.print(decision.sentence if decision else "No trial has finished an epoch yet.", soft_wrap=True)
    console.print(f"{place} ({path.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)
    return 0


def _errors(run: Run) -> ErrorAnalysis | str | None:
    """The errors of the trial to take, or of the best whose predictions are kept; else a sentence that says why not."""
    decision = recommend(run.candidates, objective=run.objective, rivals=run.rivals)
    if decision is None:
        return None
    chosen = str(decision.chosen["trial_id"])
    try:
        one = judged(run, chosen if run.folder.with_models().validation(chosen).exists() else None)
        return analyse(run, one, facts_for(run, one))
    except InputError as error:
        return f"Not known: {message_of(error)}."
