"""``tuner reproduce``: a search with the settings of a published experiment, then the comparison with its table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.loading import Run, load
from analysis.published.reproduction import Reproduction, reproduction, save_reproduction
from analysis.published.tables import PublishedTable
from search_spaces.config import TrialConfig
from search_spaces.documents import SpaceError, space_document
from search_spaces.experiment import Experiment, named_experiment
from search_spaces.named import named_space, named_spaces
from search_spaces.space import Space
from tuner.cli.search import resume_command, run_search
from tuner.cli.terminal import Terminal
from tuner.data.pipeline import DataRequest
from tuner.errors import InputError
from tuner.models.counting import TORCH, Convention, count_parameters
from tuner.models.network_spec import network_of
from tuner.operations.requests import from_options, space_with
from tuner.runs.fetching import SETTINGS
from tuner.runs.folder import RunFolder, find_run
from tuner.runs.location import remote_folder, unreachable
from tuner.runs.settings import read_settings
from tuner.search.request import SearchRequest
from tuner.search.schedulers.options import SchedulerOptions

_CONVENTIONS: Mapping[str, Convention] = {"torch": TORCH, "keras": Convention(outputs_of_two_classes=2)}
_TWO_CLASSES = 2


def explained_counts(space: Space, experiment: Experiment, table: PublishedTable) -> list[bool]:
    """For every printed count, whether it is exactly that of our network as the report's framework counts it.

    The network has the vocabulary that the space names, whatever the data have, and two outputs, as every network whose
    count is printed.

    Args:
        space: of the experiment, finite.
        experiment: says whose bias vectors are counted.
        table: whose rows are looked at; those without a count, or without a point in the space, are left out.
    """
    if "parameters" not in table.rows:
        return []
    convention = _CONVENTIONS[experiment.framework]
    points = [config for config in space.grid() if isinstance(config, TrialConfig)]
    found = []
    for _, row in table.rows[table.rows["parameters"].notna()].iterrows():
        wanted = {name: row[name] for name in table.hyperparameters if pd.notna(row[name])}
        point = next((point for point in points if all(getattr(point, name) == wanted[name] for name in wanted)), None)
        if point is not None:
            found.append(_count(point, convention) == row["parameters"])
    return found


def _count(config: TrialConfig, convention: Convention) -> int:
    network = network_of(config, vocabulary_size=config.vocabulary, classes=_TWO_CLASSES)
    return count_parameters(network, convention).total


_COLOURS = {"holds": "green", "does not hold": "red", "not decided": "yellow", "not run": "dim"}


def reproduce_command(options: dict[str, Any]) -> int:
    """Runs, resumes or only reads an experiment's run, and shows it beside what was published."""
    name, fraction = options["experiment"], options["fraction"]
    experiment = _experiment(name)
    space = space_with(name, options["settings"])
    run = options["name"] or (name if fraction == 1 else f"{name}-{fraction:g}")
    console = Terminal()
    folder = _existing(run, options["runs_dir"])
    if folder is not None:
        _check_same(folder, space, options)
        if options["dry_run"]:
            console.print(
                f"dry run: {folder.place} is there; without --dry-run it goes on, or is shown if it is finished"
            )
            return 0
        code = resume_command(
            run, options["runs_dir"], trials=None, data=None, no_cache=options["no_cache"], as_json=False
        )
    else:
        code = run_search(_request(options, experiment, space, run), dry_run=options["dry_run"], as_json=False)
    if code == 0 and not options["dry_run"]:
        _show(console, load(run, runs_dir=options["runs_dir"]), name, experiment)
    return code


def _existing(run: str, runs_dir: Path) -> RunFolder | None:
    remote = remote_folder(runs_dir / run)
    try:
        exists = (runs_dir / run / SETTINGS).is_file() if remote is None else remote.read(SETTINGS) is not None
    except OSError as error:
        raise unreachable(str(runs_dir), error) from None
    return find_run(run, runs_dir) if exists else None


def _experiment(name: str) -> Experiment:
    try:
        experiment = named_experiment(name)
    except SpaceError as error:
        raise InputError(str(error)) from None
    if experiment is None:
        known = [space for space in named_spaces() if named_experiment(space) is not None]
        raise InputError(f"{name}: is a space without an experiment; search it, or reproduce one of {', '.join(known)}")
    return experiment


def _check_same(folder: RunFolder, space: Space, options: dict[str, Any]) -> None:
    """A run of the name that was asked otherwise is another run: going on with it would answer another question."""
    settings = read_settings(folder.settings)
    asked = {"fraction": options["fraction"], "seed": options["seed"], "space": space_document(space)}
    there = {"fraction": settings.data.fraction, "seed": settings.seed, "space": settings.space}
    asked["scheduler"], there["scheduler"] = options["scheduler"], settings.scheduler.name
    for key in ("epochs", "trials"):
        if options[key] is not None:
            asked[key], there[key] = options[key], getattr(settings, key)
    for key, value in asked.items():
        if there[key] != value:
            shown = "" if key == "space" else f" {there[key]}, asked {value}"
            raise InputError(f"{folder.place}: was run with another {key}{shown}; give the new run a --name")


def _request(options: dict[str, Any], experiment: Experiment, space: Space, run: str) -> SearchRequest:
    texts, split = experiment.texts, experiment.split
    data = from_options(
        DataRequest,
        options,
        source=experiment.data,
        stop_words=texts.stop_words,
        min_freq=texts.min_freq,
        max_tokens=texts.max_tokens,
        max_length=texts.max_length,
        given_split=split.given,
        test_share=split.test,
        validation_share=split.validation,
    )
    return from_options(
        SearchRequest,
        options,
        data=data,
        space=space,
        trials=options["trials"] or experiment.trials,
        epochs=options["epochs"] or experiment.epochs,
        searcher=experiment.searcher,
        objective=None,
        warm_start=None,
        scheduler=from_options(SchedulerOptions, options),
        patience=experiment.patience,
        max_params=None,
        name=run,
    )


def _show(console: Console, run: Run, name: str, experiment: Experiment) -> None:
    result = reproduction(run, name, experiment)
    written = save_reproduction(run, result)
    console.print()
    if result.rows.empty:
        console.print("the report prints no table of this experiment")
    else:
        console.print(_table(result))
    if result.table is not None and not (space := named_space(name)).continuous():
        counts = explained_counts(space, experiment, result.table)
        if counts:
            console.print(
                f"of {len(counts)} printed parameter counts our closed form gives {sum(counts)} exactly, with the report's "
                "vocabulary, bias vectors and outputs\n"
            )
    if result.verdicts:
        console.print(f"what the report concluded, {result.scope}:")
    for verdict in result.verdicts:
        outcome = (f"{verdict.outcome:>13}", _COLOURS[verdict.outcome])
        console.print(Text.assemble(outcome, f"  {verdict.says} ", (f"({verdict.figures})", "dim")))
    console.print("\nnot comparable:")
    for sentence in result.differences:
        console.print(f"  {sentence}")
    console.print(f"\nkept in {run.folder.place}: {', '.join(written)}", style="dim")


def _table(result: Reproduction) -> Table:
    shown = result.shown()
    title = f"{result.table.title} ({result.table.source})" if result.table else None
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in shown.columns:
        table.add_column(heading, justify="left" if heading == "system" else "right")
    for row in shown.itertuples(index=False):
        table.add_row(*map(str, row))
    return table
