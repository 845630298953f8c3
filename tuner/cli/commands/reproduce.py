"""``tuner reproduce``."""

from pathlib import Path
from typing import Any

import click

from tuner.cli.parsing import Duration, Gpus, runs_dir_option


@click.command(short_help="Run a published experiment beside its published table.")
@click.argument("experiment", metavar="NAME")
@click.option(
    "--fraction", type=float, default=1.0, show_default=True, metavar="F", help="Share of the data, by class."
)
@click.option("--epochs", type=int, default=None, metavar="E", help="Most epochs of a trial.  [default: the report's]")
@click.option("--trials", type=int, default=None, metavar="N", help="Trials.  [default: the whole grid, or a sample]")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value or values of a hyperparameter. Repeatable.",
)
@click.option(
    "--scheduler", type=click.Choice(["asha", "none"]), default="none", show_default=True, help="Early stopping."
)
@click.option(
    "--vectors",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="Pretrained word vectors, for experiments that begin with them.",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="K", help="All randomness follows from it.")
@click.option("--name", default=None, metavar="RUN", help="Name of the run.  [default: NAME, with F where it is not 1]")
@runs_dir_option
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path("data"),
    show_default=True,
    help="Where the data sets lie, or are downloaded to.",
)
@click.option(
    "--time-budget", type=Duration(), default=None, metavar="T", help="End the search after, for instance, 30m."
)
@click.option(
    "--cpus-per-trial", type=float, default=1.0, show_default=True, metavar="X", help="Processors of a trial."
)
@click.option(
    "--gpus-per-trial", type=Gpus(), default=None, metavar="X", help="GPUs of a trial, fractions too, or auto."
)
@click.option("--concurrency", type=int, default=None, metavar="N", help="Most trials at once.  [default: what fits]")
@click.option("--address", default=None, metavar="ADDR", help="Ray cluster to use.")
@click.option("--dry-run", is_flag=True, help="Check everything, say what it would take, and stop.")
def reproduce(**options: Any) -> int:
    """Run a published experiment (`spaces` lists them) and set its table beside the published one.

    It is an ordinary search, on the experiment's data with its split. The same command again goes on where it was interrupted,
    and shows the comparison of a run that is finished. Table, conclusions and differences are kept in the run folder.
    """
    from tuner.cli.reproduce import reproduce_command

    return reproduce_command(options)
