"""``tuner confirm``: trains the chosen trials again and prints what the test set says."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from analysis.columns import config_of, records
from analysis.confirmation import Confirmation, confirmation
from analysis.descriptions import baseline_text, network_text
from analysis.loading import Run, load
from tuner.cli.progress import EndedLines
from tuner.cli.terminal import Terminal, fitted, plain_table, print_command
from tuner.errors import EXIT_INTERRUPTED
from tuner.formatting import counted, duration_text, epochs_text
from tuner.metrics import ACCURACY, Objective
from tuner.operations.confirmations import By, PlannedConfirmation, confirmed, planned_confirmation
from tuner.runs.events import RepeatEnded
from tuner.runs.folder import RunFolder
from tuner.runs.search_state import SearchState
from tuner.search.confirmation import Candidate, Repeat
from tuner.search.interruption import Interruption
from tuner.search.queue_launch import EndReason
from tuner.search.rival_test import fitted_rivals

_WIDE = 110


def repeat_line(end: RepeatEnded, *, repeats: int, objective: Objective) -> str:
    """How a repeat ended. Its test accuracy is not in it: that is for the end, when all are evaluated."""
    what = f"{end.model}, repeat {end.repeat} of {repeats}"
    if not end.val_metrics:
        return f"{what} {end.status}" + (f": {end.error}" if end.error else "")
    value = end.val_metrics.get(objective.name)
    named = "validation" if objective == ACCURACY else f"validation {objective.metric.title}"
    shown = "not defined" if value is None else f"{value:.4f}"
    assert end.best_epoch is not None
    return f"{what}: {named} {shown} at epoch {epochs_text(end.best_epoch)} of {epochs_text(end.epochs)}"


def print_confirmation(console: Console, run: Run, found: Confirmation) -> None:
    """The confirmed models as a table, wider where the terminal is, and what they come to."""
    wide, objective = console.width >= _WIDE, run.objective
    others = found.others if wide else ()
    names = ["model", f"test {found.objective.metric.short}", "95 % interval",
             *(f"test {other.metric.short}" for other in others), "parameters",
             "repeats", "", *([f"val {objective.metric.short}", "network"] if wide else [])]  # fmt: skip
    trials = {row["trial_id"]: row for _, row in run.models.iterrows()}
    rows = []
    for row in records(found.models):
        model = row["model"]
        cells = [
            model,
            f"{row[found.objective.test_column]:.4f}",
            f"{row['low']:.4f} to {row['high']:.4f}",
            *(f"{row[other.test_column]:.4f}" for other in others),
            f"{row['parameters']:,}",
            f"{row['repeats']}" + (f" of {row['repeats'] + row['failed']}" if row["failed"] else ""),
            "tied" if row["tied"] else "",
        ]
        if wide:
            network = network_text(config_of(trials[model])) if model in trials else baseline_text(model)
            cells += [f"{row[objective.column]:.4f}", network]
        rows.append(cells)
    if wide:
        rows, names = fitted([names, *rows], console.width)
    table = plain_table(names, left=("model", "", "network"))
    for cells, tied in zip(rows, found.models["tied"], strict=True):
        table.add_row(*cells, style="bold" if tied else None)
    console.print()
    console.print(table)
    console.print(f"\n{found.sentence}")
    console.print(
        f"{counted(found.texts, 'test text')}; tied: not distinguished from the first by simultaneous 95 % intervals over "
        f"{counted(len(found.comparisons), 'paired comparison')}{_with_thresholds(run)}",
        style="dim",
    )


def _with_thresholds(run: Run) -> str:
    completed = run.repeats["thresholds"][run.repeats["status"] == "completed"]
    if not completed.any():
        return ""
    return (
        f"; the predictions of {completed.sum()} of {len(completed)} trainings follow decision thresholds, chosen on the "
        "validation texts"
    )


def confirmation_document(run: Run, found: Confirmation) -> dict[str, object]:
    """The same as a JSON document; an interval without bounds has none."""
    return {
        "run": run.name,
        "folder": run.folder.place,
        "texts": found.texts,
        "smallest_tied": found.smallest_tied["model"],
        "models": records(found.models),
        "comparisons": records(found.comparisons.replace([np.inf, -np.inf], np.nan)),
    }


def confirm_command(
    run: str,
    runs_dir: Path,
    *,
    top: int,
    by: By,
    repeats: int,
    ensemble: bool,
    data: str | None,
    no_cache: bool,
    as_json: bool,
) -> int:
    """Trains what is still open, and prints what the test set says."""
    console = Terminal(stderr=as_json)
    planned = planned_confirmation(load(run, runs_dir=runs_dir), by=by, top=top, repeats=repeats, ensemble=ensemble)
    few = " (all of the frontier; others with --by metric)" if by == "frontier" and len(planned.trials) < top else ""
    _print_plan(console, planned, trials=", ".join(planned.trials) + few)
    reason: EndReason = "finished"
    if not planned.is_done:
        line = partial(repeat_line, repeats=repeats, objective=planned.run.objective)
        lines = EndedLines(console, line)
        with Interruption() as interruption:
            reason = planned.train(data=data, no_cache=no_cache, on_step=lines.show, interruption=interruption)
    return _finish(console, planned.run.folder, reason, as_json=as_json)


def _print_plan(console: Console, planned: PlannedConfirmation, *, trials: str) -> None:
    run, search_state, todo = planned.run, planned.search_state, planned.todo
    lines = [
        ("trials", trials),
        ("baseline", ", ".join(candidate.model for candidate in planned.candidates if candidate.is_baseline)),
        *([("rivals", ", ".join(rivals))] if (rivals := fitted_rivals(search_state)) else []),
        (
            "repeats",
            f"{planned.repeats} of each, {counted(run.settings.epochs, 'epoch')}, evaluated at the best validation epoch",
        ),
        ("test set", _test_part(run, search_state, planned.candidates)),
    ]
    left = search_state.planned - search_state.over
    if left > 0 and (search_state.end is None or search_state.end.reason == "interrupted"):
        lines.append(("note", f"the search has {counted(left, 'trial')} left: resume it first, if they are to count"))
    lines.append(
        ("to do", f"{counted(len(todo), 'training')}{_forecast(run, todo)}" if todo else "nothing, all is there")
    )
    grid = Table.grid(padding=(0, 2))
    for line in lines:
        grid.add_row(*line)
    console.print(grid)
    console.print()


def _test_part(run: Run, search_state: SearchState, candidates: Sequence[Candidate]) -> str:
    """How large it is, and who has seen it: every further model makes the best of them look better by luck."""
    size, seen = counted(run.settings.data.test, "text"), list(search_state.test_metrics())
    if not seen:
        return f"{size}, which no model has seen yet"
    known = f"{size}, seen already by {counted(len(seen), 'model')} ({', '.join(seen)})"
    models = [*(candidate.model for candidate in candidates), *fitted_rivals(search_state)]
    more = sum(model not in seen for model in models)
    if not more:
        return known
    return (
        f"{known}; {more} more will see it. The more models are evaluated on it, the better the best of them looks by luck: "
        "the comparisons below allow for all of them"
    )


def _forecast(run: Run, todo: Sequence[Repeat]) -> str:
    """Roughly how long, at the pace of the search's own trials; the baseline takes next to nothing beside them."""
    pace = run.epochs.groupby("trial_id")["seconds"].median() * run.settings.reports_per_epoch
    known = [pace[repeat.candidate.model] for repeat in todo if repeat.candidate.model in pace.index]
    seconds = sum(known) * run.settings.epochs / run.settings.resources.concurrency
    return f", roughly {duration_text(seconds)}" if known else ""


def _finish(console: Console, folder: RunFolder, reason: EndReason, *, as_json: bool) -> int:
    run = load(folder.place)
    found = confirmed(run) if reason == "finished" else confirmation(run)
    if found is not None and as_json:
        click.echo(json.dumps(confirmation_document(run, found), allow_nan=False))
    elif found is not None:
        print_confirmation(console, run, found)
    if reason == "interrupted":
        console.print("\ninterrupted: what is done is kept, and the same command goes on", style="bold")
        return EXIT_INTERRUPTED
    print_command(console, f"\nnext: python -m tuner report {folder.reference}")
    return 0
