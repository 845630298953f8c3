"""``tuner submit``."""

from pathlib import Path

import click


@click.command(short_help="Run a search on a cluster, follow it, and fetch its run.")
@click.argument("cluster")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND ...]")
@click.option("--detach", is_flag=True, help="Start the job and return.")
@click.option(
    "--status",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[JOB]",
    help="List the jobs, or say how one is doing.",
)
@click.option(
    "--follow", default=None, metavar="JOB", help="Show what a job prints, from its beginning, until it ends."
)
@click.option("--stop", default=None, metavar="JOB", help="End a job in good order; `resume` goes on with its run.")
@click.option("--fetch", default=None, metavar="RUN", help="Copy a run from there to here, whole or not at all.")
@click.option(
    "--runs-dir",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Where --fetch puts runs.",
)
@click.option(
    "--working-dir",
    type=click.Path(path_type=Path),
    default=Path(),
    show_default="this folder",
    help="What the job is sent and runs in; .gitignore and .rayignore are respected.",
)
def submit(
    cluster: str,
    command: tuple[str, ...],
    detach: bool,
    status: str | None,
    follow: str | None,
    stop: str | None,
    fetch: str | None,
    runs_dir: Path,
    working_dir: Path,
) -> int:
    """Run a search on CLUSTER, and follow it until it ends.

    \b
        python -m tuner submit cluster/gpu.yaml -- search --data reviews.csv --trials 100

    CLUSTER is the YAML of a cluster that `ray up` started (its head is reached through SSH), the URL of a dashboard such as
    http://127.0.0.1:8265, or auto for the cluster of this machine. COMMAND is search, resume, confirm or reproduce with
    their options; the files that they name go along. JOB is a job's id, or its run's name.

    Ctrl-C stops the following, not the job.
    """
    from tuner.cli.submit import submit_command

    return submit_command(
        cluster,
        command,
        detach=detach,
        status=status,
        follow=follow,
        stop=stop,
        fetch=fetch,
        runs_dir=runs_dir,
        working_dir=working_dir,
    )
