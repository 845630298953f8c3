"""``tuner resume``."""

from pathlib import Path

import click

from tuner.cli.parsing import runs_dir_option


@click.command(short_help="Go on with a search that was interrupted, or extend it.")
@click.argument("run")
@runs_dir_option
@click.option("--trials", type=int, default=None, metavar="N", help="Extend the search to N trials in all.")
@click.option(
    "--data", default=None, metavar="D", help="Where the data are now, if they were moved; they must be the same."
)
@click.option("--json", "as_json", is_flag=True, help="Print the ranked trials as JSON alone on stdout.")
def resume(run: str, trials: int | None, runs_dir: Path, data: str | None, as_json: bool) -> int:
    """Go on with the search RUN (a name or a folder) where it stopped.

    Rungs and finished trials come from the journal, unfinished trials go on from their last epoch. With --trials, a
    finished search goes on as well: the trials that it has stay, and further ones follow.
    """
    from tuner.cli.search import resume_command

    return resume_command(run, runs_dir, trials=trials, data=data, as_json=as_json)
