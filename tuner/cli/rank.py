"""``tuner rank``, and the tables at the end of a search."""

import json
from pathlib import Path
from typing import Any

import click
import pandas as pd
from rich.console import Console

from analysis.columns import config_of, plain, scored, with_size
from analysis.descriptions import value_text
from analysis.frontier import knee
from analysis.importers.results import ImportedResults
from analysis.loading import Results, Run, load_results
from analysis.ranking import By, by_configuration, rank
from tuner.cli.terminal import Terminal, configuration_table, frontier_chart, rank_table
from tuner.formatting import counted


def rank_command(run: str, runs_dir: Path, *, top: int, by: By, max_params: int | None = None, as_json: bool) -> int:
    """Prints the ranked trials of a run."""
    loaded = load_results(run, runs_dir=runs_dir)
    ranked = rank(loaded.trials, by=by, top=top, max_params=max_params, objective=loaded.objective)
    if as_json:
        print_json(loaded, ranked)
        return 0
    console = Terminal()
    if ranked.empty:
        console.print(f"{loaded.name}: {counted(len(loaded.trials), 'trial')}, {_why_none(loaded, max_params)}")
        return 0
    console.print(rank_table(ranked, width=console.width, objective=loaded.objective))
    if isinstance(loaded, Run):
        _print_configurations(console, loaded, top=top, max_params=max_params)
    console.print(_counts(loaded, len(ranked)), style="dim")
    if isinstance(loaded, ImportedResults):
        for note in loaded.notes:
            console.print(note, style="dim", markup=False)
    return 0


def _why_none(run: Results, max_params: int | None) -> str:
    smallest = scored(run.trials, run.objective)["parameters"].min()
    if max_params is None or pd.isna(smallest):
        return "none has finished an epoch yet"
    return f"none has at most {max_params:,} parameters; the smallest has {smallest:,}"


def print_results(console: Console, run: Run, *, top: int = 10) -> None:
    """The end of a search: ranked table, frontier, chart."""
    objective = run.objective
    best = rank(run.trials, top=top, objective=objective)
    if best.empty:
        return
    console.print()
    console.print(rank_table(best, width=console.width, objective=objective))
    _print_configurations(console, run, top=top)
    rest = rank(run.trials, by="frontier", objective=objective)
    rest = rest[rest["on_frontier"] & ~rest["trial_id"].isin(best["trial_id"])]
    if not rest.empty:
        console.print("\nsmaller trials on the frontier:", style="dim")
        console.print(rank_table(rest, width=console.width, objective=objective))
    if scored(run.trials, objective)["parameters"].nunique() > 1:
        console.print()
        console.print(frontier_chart(run.trials, width=console.width, objective=objective))
    console.print(f"\n{_counts(run, len(best) + len(rest))}", style="dim")


def _print_configurations(console: Console, run: Run, *, top: int, max_params: int | None = None) -> None:
    """Where each configuration has several seeds: their mean and spread."""
    if run.settings.repeats > 1:
        within = rank(run.trials, max_params=max_params, objective=run.objective)
        grouped = by_configuration(within, objective=run.objective).head(top)
        console.print("\neach configuration over its seeds (standard deviation):", style="dim")
        console.print(configuration_table(grouped, width=console.width, objective=run.objective))
        console.print()


def _counts(run: Results, shown: int) -> str:
    statuses = run.trials["status"].value_counts()
    parts = ", ".join(f"{count} {status}" for status, count in statuses.items())
    left = run.settings.trials - len(run.trials) if isinstance(run, Run) else 0
    waiting = f", {left} not yet begun" if left > 0 else ""
    of_all = f"{run.name}: {shown} of {counted(len(run.trials), 'trial')} shown ({parts}{waiting})"
    lines = [f"{of_all}; {_front(run)}; epoch: best/trained"]
    objective = run.objective
    if objective.baseline is not None:
        value = value_text(objective.baseline, objective)
        worse = scored(run.trials, objective)[objective.column]
        mark = "" if objective.beats_baseline(worse).all() else "; ✗ marks what is no better"
        lines.append(f"always giving the most frequent label: {value} validation {objective.metric.title}{mark}")
    return "\n".join(lines)


def _front(run: Results) -> str:
    at_knee = knee(run.trials, objective=run.objective)
    if at_knee:
        return f"★ frontier, knee at {at_knee}"
    if with_size(run.trials, run.objective).empty:
        return "no frontier, since the trials do not say their parameters"
    return "no frontier, since no trial is better than always giving the most frequent label"


def print_json(run: Results, ranked: pd.DataFrame) -> None:
    """The ranked trials as one JSON document on stdout."""
    folder = run.folder.place if isinstance(run, Run) else str(run.path)
    document = {
        "run": run.name,
        "folder": folder,
        "knee": knee(run.trials, objective=run.objective),
        "trials": _records(ranked),
    }
    if isinstance(run, Run) and run.settings.repeats > 1:
        document["configurations"] = _records(by_configuration(run.trials, objective=run.objective))
    click.echo(json.dumps(document, allow_nan=False))


def _records(ranked: pd.DataFrame) -> list[dict[str, Any]]:
    columns = [name for name in ranked.columns if not name.startswith("config/")]
    return [
        {**{name: plain(row[name]) for name in columns}, "config": {k: plain(v) for k, v in config_of(row).items()}}
        for _, row in ranked.iterrows()
    ]
