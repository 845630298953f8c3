"""``tuner resume``."""

from pathlib import Path

import click


@click.command(short_help="Go on with a search that was interrupted.")
@click.argument("run")
@click.option(
    "--runs-dir", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs are kept."
)
@click.option("--json", "as_json", is_flag=True, help="Print the ranked trials as JSON alone on stdout.")
def resume(run: str, runs_dir: Path, as_json: bool) -> int:
    """Go on with the search RUN (a name or a folder) where it stopped.

    Rungs and finished trials come from the journal, unfinished trials go on from their last epoch.
    """
    from tuner.cli.searching import resume_command

    return resume_command(run, runs_dir, as_json=as_json)
