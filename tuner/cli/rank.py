"""``tuner rank``, and the tables at the end of a search."""

import json
from pathlib import Path
from typing import Any

import click
import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.columns import config_of, plain, records, scored, with_size
from analysis.costs import COSTS
from analysis.descriptions import value_text
from analysis.ensembles import Ensemble, ensemble
from analysis.frontier import knee
from analysis.importers.results import ImportedResults
from analysis.loading import Results, Run, load_results
from analysis.predictions import per_class as classes_of
from analysis.predictions import thresholds
from analysis.ranking import By, by_configuration, rank
from analysis.recommendation import recommend
from tuner.cli.spelling import message_of
from tuner.cli.terminal import Terminal, configuration_table, frontier_chart, rank_table
from tuner.costs import cost_text, with_cost
from tuner.errors import InputError
from tuner.formatting import counted
from tuner.metrics import Mode
from tuner.runs.journal import read_skipped_folds, read_stable
from tuner.thresholds import Thresholds


def rank_command(
    run: str,
    runs_dir: Path,
    *,
    top: int,
    by: By,
    max_params: int | None = None,
    max_bytes: int | None = None,
    cost: str = "parameters",
    metric: str | None = None,
    metric_mode: Mode | None = None,
    per_class: bool = False,
    as_json: bool,
) -> int:
    """Prints the ranked trials of a run."""
    loaded = load_results(run, runs_dir=runs_dir, metric=metric, metric_mode=metric_mode)
    loaded = with_cost(loaded, [cost, *(["bytes"] if max_bytes is not None else [])])
    ranked = rank(
        loaded.candidates, by=by, top=top, max_params=max_params, max_bytes=max_bytes, objective=loaded.objective,
        cost=cost,
    )  # fmt: skip
    trial = _with_predictions(loaded, ranked) if per_class else None
    if as_json:
        print_json(loaded, ranked, trial, cost=cost)
        return 0
    console = Terminal()
    if ranked.empty:
        console.print(
            f"{loaded.name}: {counted(len(loaded.trials), 'trial')}, {_why_none(loaded, max_params, max_bytes)}"
        )
        return 0
    console.print(rank_table(ranked, width=console.width, objective=loaded.objective, cost=cost))
    if isinstance(loaded, Run):
        _print_configurations(console, loaded, top=top, max_params=max_params)
    console.print(_counts(loaded, len(ranked), cost), style="dim")
    if isinstance(loaded, Run) and trial is not None:
        classes = classes_of(loaded, trial)
        fold = "" if loaded.settings.folds is None else " of fold 1"
        console.print(f"\ntrial {trial} on the {classes['texts'].sum():,} validation texts{fold}:")
        console.print(_class_table(classes))
        found = thresholds(loaded, trial)
        if found is not None:
            console.print(_thresholds_text(found, loaded.objective.metric.title))
    if isinstance(loaded, ImportedResults):
        for note in loaded.notes:
            console.print(note, style="dim")
    return 0


def _with_predictions(run: Results, ranked: pd.DataFrame) -> str:
    """The first of the ranked trials whose predictions are kept.

    Raises:
        InputError: where there is none.
    """
    if not isinstance(run, Run):
        raise InputError(
            f"{run.name} is of another tool, whose predictions are not known; leave it out", option="per_class"
        )
    folder = run.folder.with_models()
    for trial in ranked["trial_id"]:
        if folder.validation(trial).exists():
            return str(trial)
    raise InputError(
        f"{run.name} keeps no predictions of these trials; rank others with `by='metric'`, or see the test set's in the report "
        f"after `python -m tuner confirm {run.folder.reference}`",
        option="per_class",
    )


def _class_table(classes: pd.DataFrame) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("class", "texts", "precision", "recall", "F1", "mostly taken for"):
        table.add_column(name, justify="left" if name in ("class", "mostly taken for") else "right", no_wrap=True)
    for _, row in classes.iterrows():
        taken = row["mostly_taken_for"]
        figures = ("-" if pd.isna(row[name]) else f"{row[name]:.4f}" for name in ("precision", "recall", "f1"))
        table.add_row(str(row["label"]), f"{row['texts']:,}", *figures, "" if pd.isna(taken) else taken)
    return table


def _thresholds_text(found: Thresholds, title: str) -> str:
    used = "used by confirm and export" if found.are_used else "not used: the most probable class is predicted"
    return (
        f"best thresholds for {title}: {found.rule}; {title} {found.chosen:.4f} on these texts instead of {found.argmax:.4f}, "
        f"{found.cross_fitted:.4f} where the thresholds are chosen on other texts (5 folds); {used}"
    )


def _why_none(run: Results, max_params: int | None, max_bytes: int | None) -> str:
    if max_bytes is not None and not scored(run.candidates, run.objective).empty:
        smallest = scored(run.candidates, run.objective)["bytes"].min()
        return f"none has at most {max_bytes:,} bytes and what else was asked; the smallest has {smallest:,} bytes"
    smallest = scored(run.candidates, run.objective)["parameters"].min()
    if max_params is None or pd.isna(smallest):
        return "none has finished an epoch yet"
    return f"none has at most {max_params:,} parameters; the smallest has {smallest:,}"


def print_results(console: Console, run: Run, *, top: int = 10) -> None:
    """The end of a search: ranked table, frontier, chart."""
    objective = run.objective
    best = rank(run.candidates, top=top, objective=objective)
    if best.empty:
        return
    console.print()
    console.print(rank_table(best, width=console.width, objective=objective))
    _print_configurations(console, run, top=top)
    rest = rank(run.candidates, by="frontier", objective=objective)
    rest = rest[rest["on_frontier"] & ~rest["trial_id"].isin(best["trial_id"])]
    if not rest.empty:
        console.print("\nsmaller trials on the frontier:", style="dim")
        console.print(rank_table(rest, width=console.width, objective=objective))
    if scored(run.candidates, objective)["parameters"].nunique() > 1:
        console.print()
        console.print(frontier_chart(run.candidates, width=console.width, objective=objective, rivals=run.rivals))
    console.print(f"\n{_counts(run, len(best) + len(rest))}", style="dim")
    decision = recommend(run.candidates, objective=objective, rivals=run.rivals)
    if decision is not None and decision.takes_rival:
        console.print(decision.sentence, style="bold")


def _print_configurations(console: Console, run: Run, *, top: int, max_params: int | None = None) -> None:
    """Where each configuration has several seeds: their mean and spread; with folds those that skip some."""
    if run.settings.folds is not None and run.configurations is not None:
        behind = run.configurations[~run.configurations["trial_id"].isin(run.candidates["trial_id"])]
        ranked = rank(behind, top=top, max_params=max_params, objective=run.objective).assign(on_frontier=False)
        if not ranked.empty:
            console.print("\nof fewer folds, which cannot be compared with these:", style="dim")
            console.print(rank_table(ranked, width=console.width, objective=run.objective))
            skipped = read_skipped_folds(run.folder.journal)
            for trial in ranked["trial_id"]:
                if trial in skipped:
                    console.print(f"{trial}: {skipped[trial].reason}", style="dim", soft_wrap=True)
            console.print()
    if run.settings.repeats > 1:
        within = rank(run.trials, max_params=max_params, objective=run.objective)
        grouped = by_configuration(within, objective=run.objective).head(top)
        console.print("\neach configuration over its seeds (standard deviation):", style="dim")
        console.print(configuration_table(grouped, width=console.width, objective=run.objective))
        console.print()


def _counts(run: Results, shown: int, cost: str = "parameters") -> str:
    statuses = run.trials["status"].value_counts()
    parts = ", ".join(f"{count} {status}" for status, count in statuses.items())
    left = run.settings.trials - len(run.trials) if isinstance(run, Run) else 0
    folded = isinstance(run, Run) and run.settings.folds is not None
    stable = isinstance(run, Run) and left > 0 and read_stable(run.folder.journal) is not None
    waiting = f", {left} not {'trained' if folded else 'needed' if stable else 'yet begun'}" if left > 0 else ""
    students = len(run.candidates) - len(run.trials) if isinstance(run, Run) and not folded else 0
    also = f" and {counted(students, 'student')}" if students else ""
    of_all = f"{run.name}: {shown} of {counted(len(run.trials), 'trial')}{also} shown ({parts}{waiting})"
    if isinstance(run, Run) and run.settings.folds is not None and run.configurations is not None:
        of_all = (
            f"{run.name}: {shown} of {counted(len(run.configurations), 'configuration')} shown, means over "
            f"{run.settings.folds.count} folds and their standard deviation (±), each named by its trial on fold 1; "
            f"{counted(len(run.trials), 'trial')} ({parts}{waiting})"
        )
    lines = [f"{of_all}; {_front(run, cost)}; epoch: best/trained"]
    lines += [text] if (text := cost_text(run, cost)) else []
    objective = run.objective
    if objective.baseline is not None:
        value = value_text(objective.baseline, objective)
        worse = scored(run.candidates, objective)[objective.column]
        mark = "" if objective.beats_baseline(worse).all() else "; ✗ marks what is no better"
        lines.append(f"always giving the most frequent label: {value} validation {objective.metric.title}{mark}")
    if isinstance(run, Run):
        lines += [_rival_line(rival, run) for _, rival in run.rivals.iterrows()]
        lines += [_student_line(student) for _, student in run.students.iterrows()]
        lines += _ensemble_lines(run)
    return "\n".join(lines)


def _rival_line(rival: "pd.Series[Any]", run: Run) -> str:
    if pd.notna(rival["error"]):
        return f"{rival['rival']}: could not be fitted ({rival['error']})"
    objective = run.objective
    value = value_text(rival[objective.column], objective)
    return f"{rival['rival']}: {value} validation {objective.metric.title} with {rival['parameters']:,} parameters"


def _ensemble_lines(run: Run) -> list[str]:
    """What the ensemble comes to, in one line; none where the predictions of fewer than two models are kept."""
    found = _ensemble_or_reason(run)
    if found is None:
        return []
    return [f"ensemble: {found.sentence if isinstance(found, Ensemble) else found}"]


def _ensemble_or_reason(run: Run) -> Ensemble | str | None:
    """The ensemble, or why it is not known: the trials are ranked all the same."""
    try:
        return ensemble(run)
    except InputError as error:
        return f"not known: {message_of(error)}"


def _student_line(student: "pd.Series[Any]") -> str:
    if student["status"] != "completed":
        reason = student["error"] if pd.notna(student["error"]) else "its loss is no number"
        return f"{student['trial_id']}: could not be trained ({reason})"
    return (
        f"{student['trial_id']}: a student, {student['student_of']} trained again on the probabilities of "
        f"{student['teacher']}"
    )


def _front(run: Results, cost: str) -> str:
    at_knee = knee(run.candidates, objective=run.objective, cost=cost)
    if at_knee:
        against = "" if cost == "parameters" else f" against {COSTS[cost].title}"
        return f"★ frontier{against}, knee at {at_knee}"
    if with_size(run.candidates, run.objective).empty:
        return "no frontier, since the trials do not say their parameters"
    return "no frontier, since no trial is better than always giving the most frequent label"


def print_json(run: Results, ranked: pd.DataFrame, per_class: str | None = None, *, cost: str = "parameters") -> None:
    """The ranked trials as one JSON document on stdout, and the figures of each class of one of them."""
    folder = run.folder.place if isinstance(run, Run) else str(run.path)
    document: dict[str, Any] = {
        "run": run.name,
        "folder": folder,
        "knee": knee(run.candidates, objective=run.objective, cost=cost),
        "trials": _records(ranked),
    }
    if isinstance(run, Run) and not run.rivals.empty:
        document["rivals"] = records(run.rivals)
    if isinstance(run, Run) and not run.students.empty:
        document["students"] = _records(run.students)
    averaged = _ensemble_or_reason(run) if isinstance(run, Run) else None
    if averaged is not None:
        document["ensemble"] = averaged.document() if isinstance(averaged, Ensemble) else {"error": averaged}
    if isinstance(run, Run) and run.settings.repeats > 1:
        document["configurations"] = _records(by_configuration(run.trials, objective=run.objective))
    if isinstance(run, Run) and run.configurations is not None:
        document["configurations"] = _records(run.configurations)
    if isinstance(run, Run) and per_class is not None:
        rows = classes_of(run, per_class).to_dict("records")
        document["per_class"] = {
            "trial": per_class,
            "classes": [{name: plain(value) for name, value in row.items()} for row in rows],
        }
        found = thresholds(run, per_class)
        if found is not None:
            document["per_class"]["thresholds"] = found.document()
    click.echo(json.dumps(document, allow_nan=False))


def _records(ranked: pd.DataFrame) -> list[dict[str, Any]]:
    columns = [name for name in ranked.columns if not name.startswith("config/")]
    return [
        {**{name: plain(row[name]) for name in columns}, "config": {k: plain(v) for k, v in config_of(row).items()}}
        for _, row in ranked.iterrows()
    ]
