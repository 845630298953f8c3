"""``tuner doctor``."""

from pathlib import Path

import click

from tuner.cli.parsing import runs_dir_option


@click.command(short_help="Look for what would go wrong on this machine or a cluster.")
@click.argument("cluster", required=False)
@runs_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON alone on stdout.")
def doctor(cluster: str | None, runs_dir: Path, as_json: bool) -> int:
    """Look for what would go wrong on this machine or on a cluster, and say what to do about it.

    CLUSTER is the YAML of a cluster that `ray up` started, the URL of its dashboard, or the address of a Ray cluster
    (HOST:PORT). Without it: the cluster that runs on this machine, or the machine alone.

    Exit code 0 where nothing failed, warnings included, else 1.
    """
    from tuner.cli.doctor import doctor_command

    return doctor_command(cluster, runs_dir, as_json=as_json)
