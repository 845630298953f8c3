"""``tuner confirm``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuner.cli.parsing import runs_dir_option

if TYPE_CHECKING:
    from tuner.cli.confirm import By


@click.command(short_help="Train the best trials again and judge them on the test set.")
@click.argument("run")
@click.option(
    "--top", type=click.IntRange(min=1), default=5, show_default=True, metavar="N", help="Most trials to confirm."
)
@click.option(
    "--by",
    type=click.Choice(["accuracy", "frontier"]),
    default="frontier",
    show_default=True,
    help="Trials on the frontier (its knee, then the most accurate), or the most accurate of all.",
)
@click.option(
    "--repeats",
    type=click.IntRange(min=2),
    default=3,
    show_default=True,
    metavar="R",
    help="Trainings of each, from seeds that the search did not use.",
)
@runs_dir_option
@click.option(
    "--data", default=None, metavar="D", help="Where the data are now, if they were moved; they must be the same."
)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON alone on stdout.")
def confirm(run: str, top: int, by: "By", repeats: int, runs_dir: Path, data: str | None, as_json: bool) -> int:
    """Train the best trials of RUN (a name or a folder) again from other seeds, and judge them on the test set.

    This is where the test set is seen for the first time. Averaged word vectors, a baseline without recurrence, are trained
    and evaluated beside the trials. Repeats that the run holds already are not trained again: the same command goes on after an
    interruption, and more --repeats or a larger --top extend what is there.
    """
    from tuner.cli.confirm import confirm_command

    return confirm_command(run, runs_dir, top=top, by=by, repeats=repeats, data=data, as_json=as_json)
