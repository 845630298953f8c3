"""``tuner search`` and ``tuner resume``."""

import os
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from tuner.cli.plan_document import print_plan_document
from tuner.cli.plan_screen import print_plan
from tuner.cli.progress import PROGRESS, EventLines, Progress, progress
from tuner.cli.spelling import with_options
from tuner.cli.terminal import Terminal, print_command
from tuner.errors import EXIT_INTERRUPTED
from tuner.formatting import counted, duration_text
from tuner.operations.requests import search_request
from tuner.operations.searches import Search, new_search, reopened_search
from tuner.runs.events import EndReason, SearchStable
from tuner.runs.folder import RunFolder, find_run
from tuner.runs.journal import read_journal, read_stable
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings
from tuner.search.interruption import Interruption
from tuner.search.prepare import PreparedSearch, prepare_search
from tuner.search.request import SearchRequest
from tuner.tracking.destinations import Destination, destinations


def search_command(options: dict[str, Any]) -> int:
    """Runs a new search."""
    track = destinations(options["track"])
    return run_search(search_request(options), track, dry_run=options["dry_run"], as_json=options["as_json"])


def run_search(request: SearchRequest, track: Sequence[Destination] = (), *, dry_run: bool, as_json: bool) -> int:
    """Says what a search will do, and does it unless it is a dry run; tells trackers of it."""
    return run_prepared(prepare_search(request), request.runs_dir, track, dry_run=dry_run, as_json=as_json)


def run_prepared(
    prepared: PreparedSearch,
    runs_dir: Path,
    track: Sequence[Destination] = (),
    *,
    dry_run: bool,
    as_json: bool,
    on_stderr: bool = False,
) -> int:
    """The same with a search whose data are read and whose settings are known.

    Args:
        on_stderr: whether all but JSON goes there also where there is none, since a JSON document of another step follows.
    """
    console = Terminal(stderr=as_json or on_stderr)
    search = new_search(prepared, runs_dir, track)
    if dry_run and as_json:
        print_plan_document(prepared.settings, prepared.data, prepared.expected)
        return 0
    print_plan(console, prepared.settings, prepared.data, prepared.expected, search.folder.place)
    if dry_run:
        console.print("dry run: everything checks out, nothing was started or written", style="dim")
        return 0
    return _conducted(console, search, as_json=as_json)


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
    search = reopened_search(folder, track=track, trials=trials, data=data, no_cache=no_cache)
    if search is None:
        done = len(SearchState(read_journal(folder.journal)).trials)
        console.print(f"{folder.name} is finished: {done} trials; for more, give --trials with the number in all")
        return _finish(console, folder, "finished", as_json=as_json)
    with closing(search):
        for note in search.notes:
            console.print(with_options(note), soft_wrap=True)
        return _conducted(console, search, as_json=as_json)


def _conducted(console: Console, search: Search, *, as_json: bool) -> int:
    """Runs a search with its progress, and prints what it came to."""
    with (
        _progress(console, concurrency=search.settings.resources.concurrency) as shown,
        Interruption() as interruption,
    ):
        reason = search.run(shown.show, partial(_say, console), interruption)
    return _finish(console, search.folder, reason, as_json=as_json)


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
