"""A command of this program as it is to run on the head of a cluster: its files go along, its run is kept there."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click
from click.core import ParameterSource

from tuner.cli.commands.confirm import confirm
from tuner.cli.commands.reproduce import reproduce
from tuner.cli.commands.resume import resume
from tuner.cli.commands.search import search
from tuner.cli.parsing import CONFIG_FILE
from tuner.errors import InputError
from tuner.runs.folder import find_run
from tuner.runs.location import remote_folder
from tuner.submit.on_head import RUNS
from tuner.submit.upload import files_below

_COMMANDS = {command.name: command for command in (search, resume, confirm, reproduce)}
_FILES = ("config", "data", "vectors", "space")  # options whose value may be a file of this machine
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
            words += [f"--{option}", sent]  # the last one counts
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


def _local(value: object) -> Path | None:
    """The file or folder of this machine that an option names, None for a name or URL."""
    if not isinstance(value, str | Path) or remote_folder(value) is not None:
        return None
    path = Path(value).expanduser()
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
