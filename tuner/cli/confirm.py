"""``tuner confirm``: trains the chosen trials again and prints what the test set says."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from analysis.columns import config_of, records
from analysis.confirmation import Confirmation, confirmation
from analysis.descriptions import baseline_text, network_text
from analysis.ensembles import ensemble as ensemble_of
from analysis.frontier import frontier, knee
from analysis.loading import Run, load
from analysis.ranking import rank
from tuner.cli.terminal import Terminal, fitted, plain_table, print_command
from tuner.errors import EXIT_INTERRUPTED, InputError, SearchFailed
from tuner.formatting import counted, duration_text
from tuner.metrics import ACCURACY, Objective
from tuner.runs.events import RepeatEnded
from tuner.runs.folder import RunFolder
from tuner.runs.journal import Journal, read_journal
from tuner.runs.search_state import SearchState
from tuner.search.confirmation import Candidate, ConfirmationController, Repeat, candidates_of, open_repeats
from tuner.search.confirmation_launch import EndReason, confirm, with_test_texts
from tuner.search.custom_model import discovered_again
from tuner.search.interruption import Interruption
from tuner.search.plan import plan_of
from tuner.search.prepare import prepare_again, with_data_at
from tuner.search.rival_test import fitted_rivals, open_rivals

_WIDE = 110


class RepeatLines:
    """A line for every repeat that ends. Its test accuracy is not in it: that is for the end, when all are evaluated."""

    def __init__(self, console: Console, repeats: int, objective: Objective) -> None:
        self._console = console
        self._repeats, self._objective = repeats, objective
        self._started = time.monotonic()
        self._told = 0
        console.print("starting Ray and the workers ...")

    def show(self, controller: ConfirmationController) -> None:
        """Prints what ended since the last call."""
        for end in controller.ended[self._told :]:
            self._told += 1
            elapsed, done = duration_text(time.monotonic() - self._started), f"{self._told}/{controller.planned}"
            self._console.print(f"{elapsed:>6}  {done}  {self._line(end)}", soft_wrap=True)

    def _line(self, end: RepeatEnded) -> str:
        what = f"{end.model}, repeat {end.repeat} of {self._repeats}"
        if not end.val_metrics:
            return f"{what} {end.status}" + (f": {end.error}" if end.error else "")
        value = end.val_metrics.get(self._objective.name)
        named = "validation" if self._objective == ACCURACY else f"validation {self._objective.metric.title}"
        shown = "not defined" if value is None else f"{value:.4f}"
        return f"{what}: {named} {shown} at epoch {end.best_epoch} of {end.epochs}"


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


By = Literal["metric", "accuracy", "frontier"]


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
    loaded = load(run, runs_dir=runs_dir)
    Journal(loaded.folder.journal).close()  # refuses at once where the search still runs, not after Ray has started
    search_state = SearchState(read_journal(loaded.folder.journal))
    chosen = chosen_trials(loaded, by=by, top=top, ensemble=ensemble)
    candidates = candidates_of(plan_of(loaded.settings), search_state, chosen)
    todo = open_repeats(candidates, repeats, search_state, loaded.folder)
    rivals = open_rivals(search_state, loaded.folder)
    trials = [candidate.model for candidate in candidates if not candidate.is_baseline]
    few = " (all of the frontier; others with --by metric)" if by == "frontier" and len(trials) < top else ""
    _print_plan(console, loaded, search_state, candidates, todo, repeats, trials=", ".join(trials) + few)
    reason: EndReason = "finished"
    if todo or rivals:
        settings = with_data_at(loaded.settings, data)
        prepared = prepare_again(settings, no_cache=no_cache)
        texts = with_test_texts(prepared)
        shown = RepeatLines(console, repeats, loaded.objective)
        found = discovered_again(settings, prepared)
        with Interruption() as interruption:
            reason = confirm(
                loaded.folder, found, texts, candidates, repeats=repeats, on_step=shown.show, interruption=interruption
            )
    return _finish(console, loaded.folder, reason, as_json=as_json)


def chosen_trials(run: Run, *, by: By, top: int, ensemble: bool = False) -> list[str]:
    """The trials to confirm: the best by the objective, or the knee of the frontier and then its best.

    Args:
        run: the run.
        by: as above.
        top: most of them.
        ensemble: the trials among the members of the run's ensemble as well, so that it can be evaluated.

    Raises:
        InputError: where no trial has finished an epoch, none is on the frontier, or there is no ensemble, as asked for.
    """
    objective = run.objective
    among = frontier(run.candidates, objective=objective) if by == "frontier" else run.candidates
    ranked: list[str] = rank(among, by="accuracy" if by == "accuracy" else "metric", objective=objective)[
        "trial_id"
    ].tolist()
    if not ranked and not rank(run.candidates, objective=objective).empty:
        raise InputError(
            f"no trial of {run.name} is better than a constant answer, so the frontier is empty; give metric to confirm the "
            "best all the same, or search on",
            option="by",
            value=by,
        )
    if not ranked:
        raise InputError(
            f"{run.name}: no trial has finished an epoch, so there is nothing to confirm; wait or resume the search, or see "
            f"with `python -m tuner report {run.folder.reference}` why they failed"
        )
    if by == "frontier":
        at_knee = knee(run.candidates, objective=objective)
        ranked.sort(key=lambda trial: trial != at_knee)
    chosen = ranked[:top]
    if ensemble:
        chosen += [name for name in _members(run) if name not in (*chosen, *run.rivals["rival"])]
    return chosen


def _members(run: Run) -> list[str]:
    """Of the run's ensemble.

    Raises:
        InputError: where it has none.
    """
    found = ensemble_of(run)
    if found is None:
        raise InputError(
            f"the predictions of fewer than two models of {run.name} are kept; leave it out, or resume the search with more "
            "trials",
            option="ensemble",
        )
    if found.is_single:
        raise InputError(f"{found.sentence} on the validation texts; leave it out", option="ensemble")
    return [member.name for member in found.members]


def _print_plan(
    console: Console,
    run: Run,
    search_state: SearchState,
    candidates: Sequence[Candidate],
    todo: Sequence[Repeat],
    repeats: int,
    *,
    trials: str,
) -> None:
    lines = [
        ("trials", trials),
        ("baseline", ", ".join(candidate.model for candidate in candidates if candidate.is_baseline)),
        *([("rivals", ", ".join(rivals))] if (rivals := fitted_rivals(search_state)) else []),
        (
            "repeats",
            f"{repeats} of each, {counted(run.settings.epochs, 'epoch')}, evaluated at the best validation epoch",
        ),
        ("test set", _test_part(run, search_state, candidates)),
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
    pace = run.epochs.groupby("trial_id")["seconds"].median()
    known = [pace[repeat.candidate.model] for repeat in todo if repeat.candidate.model in pace.index]
    seconds = sum(known) * run.settings.epochs / run.settings.resources.concurrency
    return f", roughly {duration_text(seconds)}" if known else ""


def _finish(console: Console, folder: RunFolder, reason: EndReason, *, as_json: bool) -> int:
    run = load(folder.place)
    found = confirmation(run)
    if found is None and reason == "finished":
        errors = [error for error in run.repeats["error"].tolist() if error]
        raise SearchFailed(f"no repeat came to a result; {errors[-1] if errors else 'all of them diverged'}")
    if found is not None and as_json:
        click.echo(json.dumps(confirmation_document(run, found), allow_nan=False))
    elif found is not None:
        print_confirmation(console, run, found)
    if reason == "interrupted":
        console.print("\ninterrupted: what is done is kept, and the same command goes on", style="bold")
        return EXIT_INTERRUPTED
    print_command(console, f"\nnext: python -m tuner report {folder.reference}")
    return 0
