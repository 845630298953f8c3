"""``tuner rank``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuner.cli.parsing import runs_dir_option

if TYPE_CHECKING:
    from analysis.ranking import By


@click.command(short_help="Rank the trials of a run.")
@click.argument("run")
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="Rows to show.")
@click.option(
    "--by",
    type=click.Choice(["accuracy", "frontier", "knee"]),
    default="accuracy",
    show_default=True,
    help="Most accurate first; the frontier first, layer by layer from the smallest up; or closest to its knee first.",
)
@click.option(
    "--max-params", type=click.IntRange(min=1), default=None, metavar="N", help="Only trials of at most N parameters."
)
@runs_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON alone on stdout.")
def rank(run: str, top: int, by: "By", max_params: int | None, runs_dir: Path, as_json: bool) -> int:
    """Rank the trials of RUN (a name or a folder), running, interrupted or finished."""
    from tuner.cli.rank import rank_command

    return rank_command(run, runs_dir, top=top, by=by, max_params=max_params, as_json=as_json)
