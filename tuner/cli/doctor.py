"""``tuner doctor``."""

import json
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

import analysis
import search_spaces
import tuner
from tuner.cli.spelling import with_options
from tuner.cli.terminal import Terminal
from tuner.doctor.checks import Check
from tuner.doctor.probe import PACKAGES, installed
from tuner.errors import EXIT_FAILED, InputError, SearchFailed
from tuner.submit.job_server import job_server
from tuner.submit.on_head import RUNS
from tuner.submit.upload import files_below, pack

_SECONDS = 600.0
_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


def doctor_command(cluster: str | None, runs_dir: Path, *, as_json: bool) -> int:
    """Looks, and prints a line a check. 0 where nothing failed, else 1."""
    console = Terminal(stderr=as_json)
    if cluster is not None and (
        cluster.startswith(("http://", "https://")) or cluster.endswith((".yaml", ".yml")) or Path(cluster).is_file()
    ):
        found = _on_head(cluster)
    else:
        found = _here(cluster, runs_dir)
    if as_json:
        print(json.dumps({"checks": [asdict(check) for check in found], "packages": installed()}, indent=2))  # noqa: T201
    else:
        _print(console, found)
    return EXIT_FAILED if any(check.status == "failed" for check in found) else 0


def _here(address: str | None, runs_dir: Path) -> list[Check]:
    from tuner.doctor.examination import examine

    try:
        found = examine(address, runs_dir)
    except InputError as error:
        if error.option != "address":
            raise
        raise InputError(f"{address}: {error.args[0]}") from None  # an argument here, and no option
    return [replace(check, remedy=with_options(check.remedy)) for check in found]


def _on_head(cluster: str) -> list[Check]:
    """Lets the head of a cluster look at its nodes, with this program's own code, and compares it with this machine."""
    packages = (tuner, search_spaces, analysis)
    files = {
        name: path
        for package in packages
        for name, path in files_below(Path(str(package.__file__)).parent, package.__name__).items()
        if path.suffix in (".py", ".yaml")
    }
    with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as scratch, job_server(cluster) as server:
        archive = Path(scratch) / "doctor.zip"
        pack(files, archive)
        command = f'exec python -m tuner doctor --json --runs-dir "${{{RUNS}:-$HOME/runs}}"'
        job = server.submit(command, job=f"doctor-{secrets.token_hex(4)}", archive=archive)
        ended = server.wait(job, seconds=_SECONDS)
        log = server.log(job)
    start = f"\n{log}".find("\n{")
    if start < 0:
        last = [line for line in (ended.message, *log.splitlines()) if line.strip()][-1]
        raise SearchFailed(f"{cluster}: the head could not look ({last[:300]}); see `ray job logs {job}`")
    document, _ = json.JSONDecoder().raw_decode(log[start:])
    return [*(Check(**check) for check in document["checks"]), _same_here(document["packages"])]


def _same_here(there: dict[str, str | None]) -> Check:
    """Whether this machine and the head have the versions that talk to each other."""
    here = installed()
    different = [
        f"{name} {here[name]} here, {there.get(name)} there" for name in PACKAGES if here[name] != there.get(name)
    ]
    if not different:
        return Check("this machine", "ok", "has the head's versions")
    remedy = "install the same here and there: pip install -c constraints.txt -e ."
    serious = here["ray"] != there.get("ray")
    return Check("this machine", "failed" if serious else "warning", "; ".join(different), remedy)


def _print(console: Console, found: Sequence[Check]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in found:
        table.add_row(Text(check.status, style=_STYLES[check.status]), check.name, check.text)
        if check.remedy:
            table.add_row("", "", Text(f"do: {check.remedy}", style="dim"))
    console.print(table)
    counts = {status: sum(check.status == status for check in found) for status in ("failed", "warning")}
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing to do"
    console.print(f"\n{len(found)} checks: {told}")
