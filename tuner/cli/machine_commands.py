"""Commands of machines and spaces, and their options. Light: what a command runs is imported when it runs."""

from pathlib import Path
from typing import Any

import click

from tuner.cli.parsing import PATH, runs_dir_option
from tuner.cli.shared_options import json_option


@click.command(short_help="List the named spaces, or show one in full.")
@click.argument("name", required=False)
@json_option
def spaces(**options: Any) -> int:
    """List the named spaces; with NAME, show that one in full (it is a YAML file to start your own from)."""
    from tuner.cli.spaces import spaces_command

    return spaces_command(**options)


@click.command(short_help="Run a search on a cluster, follow it, and fetch its run.")
@click.argument("cluster")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND ...]")
@click.option("--detach", is_flag=True, help="Start the job and return.")
@click.option("--status", is_flag=False, flag_value="", metavar="[JOB]", help="List the jobs, or say how one is doing.")
@click.option("--follow", metavar="JOB", help="Show what a job prints, from its beginning, until it ends.")
@click.option("--stop", metavar="JOB", help="End a job gracefully; `resume` goes on with its run.")
@click.option("--fetch", metavar="RUN", help="Copy a run from there to here, whole or not at all.")
@click.option("--runs-dir", type=PATH, default=Path("runs"), show_default=True, help="Where --fetch puts runs.")
@click.option(
    "--working-dir",
    type=PATH,
    default=Path(),
    show_default="this folder",
    help="What the job is sent and runs in; .gitignore and .rayignore are respected.",
)
def submit(**options: Any) -> int:
    """Run a search on CLUSTER, and follow it until it ends.

    \b
        python -m tuner submit cluster/gpu.yaml -- search --data reviews.csv --trials 100

    CLUSTER is the YAML of a cluster that `ray up` started (its head is reached through SSH), the URL of a dashboard such as
    http://127.0.0.1:8265, or auto for the cluster of this machine. COMMAND is search, resume, confirm or reproduce with
    their options; the files that they name go along. JOB is a job's id, or its run's name.

    Ctrl-C stops the following, not the job.
    """
    from tuner.cli.submit import submit_command

    return submit_command(**options)


@click.command(short_help="Look for what would go wrong on this machine or a cluster.")
@click.argument("cluster", required=False)
@runs_dir_option
@json_option
def doctor(**options: Any) -> int:
    """Look for what would go wrong on this machine or on a cluster, and say what to do about it.

    CLUSTER is the YAML of a cluster that `ray up` started, the URL of its dashboard, or the address of a Ray cluster
    (HOST:PORT). Without it: the cluster that runs on this machine, or the machine alone.

    Exit code 0 where nothing failed, warnings included, else 1.
    """
    from tuner.cli.doctor import doctor_command

    return doctor_command(**options)
