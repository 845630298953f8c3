"""``tuner submit``: runs a command of this program on the head of a cluster. Its files go along; its run is kept there."""

import secrets
import shlex
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click
from click.core import ParameterSource
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tuner import __version__
from tuner.cli.parsing import CONFIG_FILE
from tuner.cli.progress import PROGRESS, RemoteLog, without_events
from tuner.cli.search_options import search
from tuner.cli.terminal import Terminal, print_command
from tuner.cli.training_commands import confirm, reproduce, resume
from tuner.data.reading.sources import is_pattern
from tuner.errors import EXIT_INTERRUPTED, InputError
from tuner.formatting import counted, duration_text
from tuner.runs.folder import RunFolder, find_run
from tuner.runs.location import remote_folder
from tuner.submit.fetching import copy_run, fetch_run
from tuner.submit.job_server import Job, JobServer, job_server
from tuner.submit.on_head import RUNS
from tuner.submit.upload import files_below, mebibytes, pack, working_tree

_COMMANDS = {command.name: command for command in (search, resume, confirm, reproduce)}
_FILES = (
    "config",
    "data",
    "validation_data",
    "test_data",
    "vectors",
    "space",
)  # options whose value may be a file of this machine
_SENT = "submitted"
_DATA_DIR = '"$HOME/frontier-tuner-data"'


@dataclass(frozen=True)
class RemoteCommand:
    """What to run on the head, and what it needs.

    Attributes:
        line: for the head's shell.
        run: the name or URL of the run that it makes or goes on with.
        files: that go along, by their path in the folder that the job runs in.
        data: the path of the data on this machine, where they go along.
        runs_dir: where the run is kept, None for the head's own place.
    """

    line: str
    run: str
    files: dict[str, Path] = field(default_factory=dict)
    data: Path | None = None
    runs_dir: str | None = None


def remote_command(arguments: Sequence[str]) -> RemoteCommand:
    """Checks a command as it would be here, and turns what is of this machine into what is of the head.

    Raises:
        InputError: where it is none that runs on a cluster.
        click.UsageError: where its options are wrong.
    """
    name = arguments[0] if arguments else ""
    command = _COMMANDS.get(name)
    if command is None:
        raise InputError(
            f"{name or 'no command'}: cannot be submitted; give one of {', '.join(map(str, _COMMANDS))} after --, for "
            "instance: submit CLUSTER -- search --trials 20"
        )
    context = command.make_context(f"python -m tuner {name}", list(arguments[1:]))
    asked = {"config": context.meta.get(CONFIG_FILE), **context.params}
    files: dict[str, Path] = {}
    words = list(arguments)
    for option in _FILES:
        path = _local(asked.get(option)) if _said(context, option) else None
        if path is not None:
            sent = f"{_SENT}/{option}/{path.resolve().name}"
            files.update(files_below(path, sent))
            words = _with_value(words, f"--{option.replace('_', '-')}", sent)
    if asked.get("warm_start"):
        words += ["--warm-start", _with_earlier_run(asked["warm_start"], asked["runs_dir"], files)]
    run = asked.get("run") or asked.get("name") or asked.get("experiment")
    if run is None:
        run = datetime.now(tz=UTC).astimezone().strftime("%Y%m%d-%H%M%S")
        words += ["--name", run]
    data, runs_dir = _local(asked.get("data")), _runs_dir(context)
    line = f"exec python -m tuner {shlex.join(words)}"
    if runs_dir is None:  # what lies in the job's folder goes with the job
        line += f' --runs-dir "${{{RUNS}:-$HOME/runs}}"'
    if "data_dir" in asked and not _said(context, "data_dir"):
        line += f" --data-dir {_DATA_DIR}"
    return RemoteCommand(line, str(run), files, data.resolve() if data else None, runs_dir)


def _with_value(words: Sequence[str], option: str, value: str) -> list[str]:
    """A command with another value for one of its options."""
    kept: list[str] = []
    for word in words:
        if kept and kept[-1] == option:
            kept.pop()  # and the value that follows it
        elif not word.startswith(f"{option}="):
            kept.append(word)
    return [*kept, option, value]


def _local(value: object) -> Path | None:
    """The file or folder of this machine that an option names, None for a name or URL."""
    if not isinstance(value, str | Path) or remote_folder(value) is not None:
        return None
    path = Path(value).expanduser()
    if not path.exists() and isinstance(value, str) and is_pattern(value):
        raise InputError(
            f"{value}: a pattern cannot be submitted; give the folder with these files, and no others in it"
        )
    return path if path.exists() else None


def _with_earlier_run(run: str, runs_dir: Path, files: dict[str, Path]) -> str:
    """Lets a run of this machine go along, without its weights; one that only the head knows is the head's to find."""
    if remote_folder(run) is not None or remote_folder(runs_dir / run) is not None:
        return run
    try:
        folder = find_run(run, runs_dir).path
    except InputError:
        return run
    sent = f"{_SENT}/warm_start/{folder.resolve().name}"
    files.update({f"{sent}/{path.name}": path for path in folder.iterdir() if path.is_file()})
    return sent


def _runs_dir(context: click.Context) -> str | None:
    """The place of runs that the user names, None where that is left to the head."""
    if not _said(context, "runs_dir"):
        return None
    place: Path = context.params["runs_dir"]
    remote = remote_folder(place)
    if remote is None and not place.is_absolute():
        raise InputError(
            f"--runs-dir {place}: the job's folder does not outlive the job; give an absolute folder of the head, or "
            "s3://BUCKET/PATH, or leave it out"
        )
    return str(place) if remote is None else remote.url


def _said(context: click.Context, option: str) -> bool:
    return context.get_parameter_source(option) in (ParameterSource.COMMANDLINE, ParameterSource.DEFAULT_MAP)


_LAST_LINES = 5


def submit_command(
    cluster: str,
    command: Sequence[str],
    *,
    detach: bool,
    status: str | None,
    follow: str | None,
    stop: str | None,
    fetch: str | None,
    runs_dir: Path,
    working_dir: Path,
) -> int:
    """Does the one thing that the options name; without any of them it submits the command."""
    console = Terminal()
    actions = {"--status": status, "--follow": follow, "--stop": stop, "--fetch": fetch}
    given = [name for name, value in actions.items() if value is not None] + (["a command"] if command else [])
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)}: give one of them at a time")
    if status is not None:
        return _status(console, cluster, status)
    if follow is not None:
        with job_server(cluster) as server:
            return _follow(console, server, cluster, server.find(follow).id)
    if stop is not None:
        return _stop(console, cluster, stop)
    if fetch is not None:
        return _fetch(console, cluster, fetch, runs_dir)
    return _submit(console, cluster, command, working_dir, detach=detach)


def _submit(console: Console, cluster: str, arguments: Sequence[str], working_dir: Path, *, detach: bool) -> int:
    command = remote_command(arguments)
    name = command.run.partition("?")[0].rstrip("/").rpartition("/")[2]
    metadata = {"run": name, "command": shlex.join(arguments), "frontier-tuner": __version__}
    metadata |= {"data": str(command.data)} if command.data else {}
    metadata |= {"runs_dir": command.runs_dir} if command.runs_dir else {}
    with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as scratch:
        archive = Path(scratch) / "upload.zip"
        _pack(console, command, working_dir, archive)
        with job_server(cluster) as server:
            job = server.submit(
                command.line,
                job=f"{name}-{secrets.token_hex(2)}",
                archive=archive,
                metadata=metadata,
                environment=_environment(console, detach=detach),
            )
            console.print(Text.assemble(("job", "bold"), f"       {job}\n"))
            if detach:
                _say_how_to_go_on(console, cluster, job)
                return 0
            return _follow(console, server, cluster, job)


def _environment(console: Console, *, detach: bool) -> dict[str, str]:
    """What lets the job print for this console."""
    shown = {"COLUMNS": str(console.width), "PYTHONUNBUFFERED": "1"}
    return shown | ({PROGRESS: "events"} if console.is_terminal and not detach else {})


def _pack(console: Console, command: RemoteCommand, working_dir: Path, archive: Path) -> None:
    files = working_tree(working_dir)
    size = pack({**files, **command.files}, archive)
    sent = f"{counted(len(files), 'file')} of {working_dir.resolve()}"
    if command.files:
        sent += f" and {counted(len(command.files), 'file')} that the command names"
    console.print(Text.assemble(("upload", "bold"), f"    {sent}, {mebibytes(size)}"), soft_wrap=True)


def _follow(console: Console, server: JobServer, cluster: str, job: str) -> int:
    try:
        with RemoteLog(console) as log:
            ended = server.follow(job, log.write)
    except KeyboardInterrupt:
        console.print("\ndetached: the job goes on", style="bold")
        _say_how_to_go_on(console, cluster, job)
        return EXIT_INTERRUPTED
    if ended.exit_code is None and ended.status == "failed":
        console.print(f"the job could not be run: {' '.join(ended.message.split())}", soft_wrap=True)
    if ended.code() in (0, EXIT_INTERRUPTED):
        _hint(console, cluster, "fetch", ended.metadata.get("run", ended.id), "the run, whole, into runs/ here")
    return ended.code()


def _say_how_to_go_on(console: Console, cluster: str, job: str) -> None:
    for option, what in (("follow", "come back"), ("status", "how it is doing"), ("stop", "end it; resume goes on")):
        _hint(console, cluster, option, job, what)


def _hint(console: Console, cluster: str, option: str, value: str, what: str) -> None:
    command = f"python -m tuner submit {shlex.quote(cluster)} --{option} {shlex.quote(value)}"
    print_command(console, f"{command}   # {what}")


def _status(console: Console, cluster: str, name: str) -> int:
    with job_server(cluster) as server:
        if not name:
            jobs = server.jobs()
            console.print(_table(jobs) if jobs else "nothing was submitted there yet")
            return 0
        job = server.find(name)
        console.print(_table([job]))
        if job.status == "failed" and job.exit_code is None:
            console.print(" ".join(job.message.split()))
        for line in without_events(server.log(job.id).rstrip())[-_LAST_LINES:]:
            console.print(line, soft_wrap=True)
    return 0


def _table(jobs: Sequence[Job]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("job", "run", "status", "for", "command"):
        table.add_column(column, no_wrap=column != "command", overflow="fold")
    for job in jobs:
        until = job.ended or time.time()
        spent = duration_text(max(0.0, until - job.started)) if job.started else ""
        status = f"failed, exit code {job.exit_code}" if job.status == "failed" and job.exit_code else job.status
        table.add_row(job.id, job.metadata.get("run", ""), status, spent, job.metadata.get("command", ""))
    return table


def _stop(console: Console, cluster: str, name: str) -> int:
    with job_server(cluster) as server:
        job = server.find(name)
        if not server.stop(job.id):
            console.print(f"{job.id} has ended already: {job.status}")
            return 0
        ended = server.wait(job.id, seconds=120)
    console.print(f"{job.id} {ended.status}; go on with:")
    again = [
        "resume",
        job.metadata.get("run", "RUN"),
        *(["--data", job.metadata["data"]] if "data" in job.metadata else []),
        *(["--runs-dir", job.metadata["runs_dir"]] if "runs_dir" in job.metadata else []),
    ]
    command = f"python -m tuner submit {shlex.quote(cluster)} -- {shlex.join(again)}"
    print_command(console, command)
    return 0


def _fetch(console: Console, cluster: str, run: str, runs_dir: Path) -> int:
    if remote_folder(run) is not None:
        folder, origin = copy_run(run, runs_dir), None
    else:
        with job_server(cluster) as server:
            jobs = [job for job in server.jobs() if run in (job.id, job.metadata.get("run"))]
            name = jobs[0].metadata["run"] if jobs else run
            folder = fetch_run(server, name, _of(jobs, "runs_dir"), runs_dir)
            origin = _of(jobs, "data")
    _say_what_came(console, folder, origin)
    return 0


def _of(jobs: Sequence[Job], key: str) -> str | None:
    """What the newest of the jobs that say anything of it say."""
    return next((job.metadata[key] for job in jobs if key in job.metadata), None)


def _say_what_came(console: Console, folder: RunFolder, origin: str | None) -> None:
    size = sum(path.stat().st_size for path in folder.path.rglob("*") if path.is_file())
    console.print(f"{folder.path} ({mebibytes(size)})", soft_wrap=True)
    print_command(console, f"next: python -m tuner rank {folder.reference} --by frontier")
    data = f" --data {shlex.quote(origin)}" if origin else ""
    print_command(console, f"      python -m tuner resume {folder.reference}{data}   # goes on here")
