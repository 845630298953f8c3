"""``tuner search`` and ``tuner resume``."""

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from search_spaces.documents import SpaceError, parse_setting, read_space
from search_spaces.named import named_space
from search_spaces.space import Space
from tuner.cli.plan_document import print_plan_document
from tuner.cli.plan_screen import print_plan
from tuner.cli.progress import PROGRESS, EventLines, Progress, progress
from tuner.cli.spelling import with_options
from tuner.cli.terminal import Terminal, print_command
from tuner.data.pipeline import BUILT_IN, DataRequest
from tuner.data.reading.columns import Columns
from tuner.errors import EXIT_INTERRUPTED, InputError
from tuner.formatting import counted, duration_text
from tuner.runs.events import EndReason, SearchStable
from tuner.runs.folder import RunFolder, find_run
from tuner.runs.journal import read_journal, read_stable
from tuner.runs.location import remote_folder
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings
from tuner.search.custom_model import CustomModelRequest
from tuner.search.forecast import forecast
from tuner.search.interruption import Interruption
from tuner.search.launch import resume_search, start_search
from tuner.search.prepare import PreparedSearch, prepare_search
from tuner.search.request import SearchRequest
from tuner.search.resumption import reopened
from tuner.search.schedulers.options import SchedulerOptions
from tuner.tracking.destinations import Destination, destinations, recorded, remembered
from tuner.tracking.following import following

_DEFAULT_SPACE = "frontier"


def search_command(options: dict[str, Any]) -> int:
    """Runs a new search."""
    track = destinations(options["track"])
    return run_search(search_request(options), track, dry_run=options["dry_run"], as_json=options["as_json"])


def run_search(request: SearchRequest, track: Sequence[Destination] = (), *, dry_run: bool, as_json: bool) -> int:
    """Says what a search will do, and does it unless it is a dry run; tells trackers of it."""
    return run_prepared(prepare_search(request), request.runs_dir, track, dry_run=dry_run, as_json=as_json)


def run_prepared(
    prepared: PreparedSearch, runs_dir: Path, track: Sequence[Destination] = (), *, dry_run: bool, as_json: bool
) -> int:
    """The same with a search whose data are read and whose settings are known."""
    console = Terminal(stderr=as_json)
    folder = RunFolder(runs_dir / prepared.settings.name, remote_folder(runs_dir / prepared.settings.name))
    expected = forecast(prepared.settings, prepared.data.encoded)
    if dry_run and as_json:
        print_plan_document(prepared.settings, prepared.data, expected)
        return 0
    print_plan(console, prepared.settings, prepared.data, expected, folder.place)
    if dry_run:
        console.print("dry run: everything checks out, nothing was started or written", style="dim")
        return 0
    with (
        _progress(console, concurrency=prepared.settings.resources.concurrency) as shown,
        Interruption() as interruption,
    ):
        beside = partial(following, settings=prepared.settings, destinations=track, say=partial(_say, console))
        reason = start_search(prepared, runs_dir, shown.show, interruption, beside)
    return _finish(console, folder, reason, as_json=as_json)


def resume_command(
    run: str,
    runs_dir: Path,
    *,
    trials: int | None,
    data: str | None,
    no_cache: bool,
    as_json: bool,
    track: Sequence[str] = (),
) -> int:
    """Goes on with an interrupted search, or with one that is to have more trials."""
    console = Terminal(stderr=as_json)
    folder = find_run(run, runs_dir)
    given = destinations(track)
    search = reopened(folder, trials=trials, data=data, no_cache=no_cache)
    if search is None:
        done = len(SearchState(read_journal(folder.journal)).trials)
        console.print(f"{folder.name} is finished: {done} trials; for more, give --trials with the number in all")
        return _finish(console, folder, "finished", as_json=as_json)
    with closing(search.store):
        told, notes = (given, []) if given else remembered(search.settings.track)
        for note in [*search.notes, *notes]:
            console.print(with_options(note), soft_wrap=True)
        beside = partial(following, settings=search.settings, destinations=told, say=partial(_say, console))
        concurrency = search.settings.resources.concurrency
        with _progress(console, concurrency=concurrency) as shown, Interruption() as interruption:
            reason = resume_search(search.store, search.settings, search.data, shown.show, interruption, beside)
    return _finish(console, folder, reason, as_json=as_json)


def _finish(console: Console, folder: RunFolder, reason: EndReason, *, as_json: bool) -> int:
    # pandas is not needed before this point, and a search that fails early should not wait for it.
    from analysis.frontier import knee
    from analysis.loading import load
    from analysis.ranking import rank
    from tuner.cli.rank import print_json, print_results

    run, name = load(folder.place), folder.reference
    if as_json:
        print_json(run, rank(run.candidates, objective=run.objective))
    else:
        print_results(console, run)
    if reason == "finished":
        stable = read_stable(folder.journal)
        if stable is not None and not as_json:
            console.print(_stable_text(stable, run.settings), soft_wrap=True)
        at_knee = knee(run.candidates, objective=run.objective)
        after = f"report {name}" if run.settings.hypermodel or at_knee is None else f"export {name} --trial knee"
        print_command(console, f"\nnext: python -m tuner rank {name} --by frontier")
        print_command(console, f"      python -m tuner {after}")
        return 0
    console.print(f"\n{reason}: everything so far is in {folder.place}", style="bold", soft_wrap=True)
    print_command(console, f"go on with: python -m tuner resume {name}")
    return EXIT_INTERRUPTED if reason == "interrupted" else 0


def _stable_text(stable: SearchStable, settings: SearchSettings) -> str:
    """Why the search ended before its last trial, and the time that this saved."""
    saved = duration_text(stable.seconds / settings.resources.concurrency)
    return (
        f"stable: the trials left were expected to add {stable.gain:.2%} to the hypervolume (less than {stable.bound:.1%}, "
        f"three times in a row); {counted(stable.left, 'trial')} left out, which saved about {saved}"
    )


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, soft_wrap=True)


def _progress(console: Console, *, concurrency: int) -> Progress:
    """For this console, or for a reader elsewhere: `tuner submit` asks for that on a terminal."""
    elsewhere = os.environ.get(PROGRESS) == "events"
    return EventLines(console, concurrency) if elsewhere else progress(console, concurrency=concurrency)


Request = TypeVar("Request", DataRequest, Columns, SchedulerOptions, SearchRequest)
_OPTION_NAMES: dict[type, dict[str, str]] = {
    DataRequest: {"source": "data", "split_seed": "seed"},
    Columns: {"text": "text_column", "label": "label_column", "split": "split_column"},
    SchedulerOptions: {"name": "scheduler"},
    SearchRequest: {},
}
"""Options whose fields in a request have other names."""


def option_names(kind: type) -> dict[str, str]:
    """The options of a request's fields."""
    return {field.name: _OPTION_NAMES[kind].get(field.name, field.name) for field in fields(kind)}


def from_options(kind: type[Request], options: Mapping[str, Any], **others: Any) -> Request:
    """A request whose fields are the options of the same names, and ``others``, which come first."""
    return kind(**{field: options[name] for field, name in option_names(kind).items() if name in options} | others)


def search_request(options: Mapping[str, Any], *, space: Space | None = None) -> SearchRequest:
    """The request of the options of a search; a space that is given has no name to be looked up by.

    Raises:
        InputError: for a space or a number that means nothing.
    """
    searcher = options["searcher"] or ("random" if options["hypermodel"] else "frontier")
    return from_options(
        SearchRequest,
        options,
        data=from_options(
            DataRequest,
            options,
            source=options["data"] or BUILT_IN,
            columns=from_options(Columns, options),
        ),
        track=recorded(options.get("track", ())),
        space=_space(options) if space is None else _with_settings(space, options["settings"]),
        searcher=searcher,
        scheduler=from_options(
            SchedulerOptions, options, name=options["scheduler"] or ("forecast" if searcher == "frontier" else "asha")
        ),
    )


def _space(options: Mapping[str, Any]) -> Space | CustomModelRequest:
    if options["hypermodel"] is None:
        return space_with(options["space"] or _DEFAULT_SPACE, options["settings"])
    if options["space"] is not None:
        raise InputError(
            f"--space {options['space']}: --hypermodel {options['hypermodel']} has a space of its own; leave one of them out"
        )
    return CustomModelRequest(options["hypermodel"], tuple(options["settings"]))


def space_with(name: str, settings: tuple[str, ...]) -> Space:
    """A named space or a file's, with what settings change.

    Raises:
        InputError: where there is none, or a setting means nothing.
    """
    try:
        path = Path(name)
        space = read_space(path) if path.suffix in (".yaml", ".yml") or path.is_file() else named_space(name)
    except SpaceError as error:
        raise InputError(str(error)) from None
    return _with_settings(space, settings)


def _with_settings(space: Space, settings: tuple[str, ...]) -> Space:
    try:
        return space.replaced(dict(parse_setting(setting, variables=space.variables) for setting in settings))
    except ValueError as error:
        raise InputError(f"`settings` {error}") from None
