"""``tuner report``."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from analysis.loading import Run, load, load_results
from analysis.recommendation import recommend
from analysis.report import render
from tuner.cli.live_report import ADDRESS, LiveReport, server_of
from tuner.cli.spelling import message_of
from tuner.cli.terminal import Terminal
from tuner.costs import costs_for_report
from tuner.errors import InputError
from tuner.metrics import Mode
from tuner.operations.reports import errors_of_the_best, write_whole_report
from tuner.runs.folder import RunFolder, find_run
from tuner.runs.journal import read_journal
from tuner.runs.search_state import SearchState


def report_command(
    run: str,
    runs_dir: Path,
    *,
    out: Path | None = None,
    no_texts: bool = False,
    cost: str = "parameters",
    metric: str | None = None,
    metric_mode: Mode | None = None,
    serve: bool = False,
    port: int | None = None,
) -> int:
    """Writes the report and says where, and what it comes to; or serves it until it is interrupted."""
    if serve:
        for option, value in (("out", out), ("metric", metric), ("metric_mode", metric_mode)):
            if value is not None:
                raise InputError("is of a file that is written; leave it out, or `serve`", option=option, value=value)
        return _serve(find_run(run, runs_dir), port=port or 0, no_texts=no_texts, cost=cost)
    if port is not None:
        raise InputError("is where `serve` listens; add that, or leave this out", option="port", value=port)
    loaded = load_results(run, runs_dir=runs_dir, metric=metric, metric_mode=metric_mode)
    folder = loaded.folder.path if isinstance(loaded, Run) else loaded.path
    path = out if out is not None else folder / "report.html"
    loaded = write_whole_report(loaded, path, with_texts=not no_texts, cost=cost, worded=message_of)
    place = loaded.folder.publish(path) if out is None and isinstance(loaded, Run) else str(path)
    console = Terminal()
    rivals = loaded.rivals if isinstance(loaded, Run) else None
    decision = recommend(loaded.candidates, objective=loaded.objective, rivals=rivals, cost=cost)
    console.print(decision.sentence if decision else "No trial has finished an epoch yet.", soft_wrap=True)
    console.print(f"{place} ({path.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)
    return 0


def _serve(folder: RunFolder, *, port: int, no_texts: bool, cost: str) -> int:
    """Follows a run. What takes long, the errors, comes when the search is over."""

    @lru_cache(maxsize=1)  # a long journal is read again only when there is more of it
    def is_over(_version: str) -> bool:
        return SearchState(read_journal(folder.journal)).end is not None

    def look() -> tuple[str, bool]:
        written = find_run(folder.place, folder.path.parent).journal.stat()  # fetches what lies on object storage
        version = f"{written.st_size}-{written.st_mtime_ns}"
        return version, is_over(version)

    def page(version: str) -> str:
        found, costs = costs_for_report(load(folder.place), cost)
        errors = None
        if isinstance(found, Run) and is_over(version):
            errors = errors_of_the_best(found, cost=cost, worded=message_of)
        return render(found, errors=errors, with_texts=not no_texts, costs=costs, version=version)

    live = LiveReport(look, page)
    try:
        server = server_of(live, port)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no port has this number"
        raise InputError(
            f"cannot be listened on ({reason}); leave it out for a free one", option="port", value=port
        ) from None
    url = f"http://{ADDRESS}:{server.server_address[1]}/{live.token}/"
    console = Terminal()
    console.print(url, soft_wrap=True)
    console.print(f"follows {folder.reference}, in browsers of this machine alone; Ctrl-C ends it", soft_wrap=True)
    with server, suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0
