"""Commands that read a run, and their options. Light: what a command runs is imported when it runs."""

from pathlib import Path
from typing import Any

import click

from tuner.cli.parsing import PATH, Size, Tracked, runs_dir_option
from tuner.cli.shared_options import imported_metric_option, imported_mode_option, json_option, run_argument

_cost_option = click.option(
    "--cost",
    type=click.Choice(["parameters", "multiply_adds", "bytes", "exported_bytes", "latency"]),
    default="parameters",
    show_default=True,
    help="What frontier and knee are against: parameters, multiply-adds of a text of mean length, bytes (4 a parameter, and "
    "the words that it knows); or, of trials that export --measure has measured, the bytes of their export or milliseconds "
    "for one text.",
)


@click.command(short_help="Rank the trials of a run.")
@run_argument
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="Rows to show.")
@click.option(
    "--by",
    type=click.Choice(["metric", "accuracy", "frontier", "knee"]),
    default="metric",
    show_default=True,
    help="Best by the metric of the search, or most accurate, first; the frontier first, layer by layer from the smallest up; "
    "or closest to its knee first.",
)
@click.option("--max-params", type=click.IntRange(min=1), metavar="N", help="Only trials of at most N parameters.")
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only trials of at most N bytes: 4 a parameter, and the words that they know (an estimate).",
)
@_cost_option
@click.option(
    "--per-class",
    is_flag=True,
    help="Precision, recall and F1 of each class, of the first trial whose predictions are kept; and for metrics of rare "
    "classes the decision thresholds that are best for them.",
)
@imported_metric_option
@imported_mode_option
@runs_dir_option
@json_option
def rank(**options: Any) -> int:
    """Rank the trials of RUN (a name or a folder), running, interrupted or finished."""
    from tuner.cli.rank import rank_command

    return rank_command(**options)


@click.command(short_help="Forecast what larger networks, longer training or more texts would reach.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN [RUN]...")
@click.option(
    "--params",
    type=Size(),
    metavar="N",
    help="Parameters of the larger network, for instance 500k; at most 10 times the largest.",
)
@click.option("--epochs", type=Size(), metavar="E", help="Epochs to train; at most 4 times those trained.")
@click.option(
    "--texts",
    type=Size(),
    metavar="T",
    help="Texts to train on, at most 4 times those of the RUN with most; needs RUNs of different numbers of texts.",
)
@runs_dir_option
@json_option
def forecast(**options: Any) -> int:
    """Forecast what the best network would reach were it larger, trained longer or on more labelled texts.

    From the learning curves of RUN (a name or a folder), by saturating power laws, with 90 % intervals; without options for
    twice the parameters and twice the epochs. For --texts give a run on fewer texts of the same data as well:

    \b
        python -m tuner search --data reviews.csv --name reviews
        python -m tuner search --data reviews.csv --name quarter --fraction 0.25
        python -m tuner forecast reviews quarter --texts 100k
    """
    from tuner.cli.forecast import forecast_command

    return forecast_command(**options)


@click.command(short_help="Show where a trial is wrong, and which labels probably are.")
@run_argument
@click.option("--trial", metavar="ID|RIVAL", help="Whose errors.  [default: the best whose predictions are kept]")
@click.option("--labels", is_flag=True, help="Rank the texts by how probably their given label is wrong.")
@click.option(
    "--by", metavar="COLUMN", help="Accuracy by a column of the data too: by each value, or by ranges of numbers."
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="F",
    help="Write all mistakes, or with --labels all texts with a suggested label and a score, as CSV.",
)
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="Rows to show.")
@runs_dir_option
@json_option
def errors(**options: Any) -> int:
    """Show where a trial of RUN (a name or a folder) errs on the validation texts.

    Its most confident mistakes with their row in your file (counted from 1, a header not counted), the classes that it
    confuses, its accuracy by class, length, unknown words and column with 95 % intervals, and what the smallest network of the
    frontier gets wrong that the best gets right. The texts are read again from the data of the search.

    With --labels, the labels that are probably wrong (confident learning, Northcutt et al. 2021). Only texts that a model was
    not trained on can be ranked: the validation texts, and of a search with --folds all training texts too.
    """
    from tuner.cli.errors import errors_command

    return errors_command(**options)


@click.command(short_help="Write the report of a run as one HTML file.")
@run_argument
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="F", help="The file.  [default: RUN/report.html]"
)
@_cost_option
@click.option("--no-texts", is_flag=True, help="Leave every text of the data out of the file, for private data.")
@click.option("--serve", is_flag=True, help="Write no file: show it to this machine's browsers, as the search goes on.")
@click.option("--port", type=int, metavar="N", help="Port of --serve.  [default: a free one]")
@imported_metric_option
@imported_mode_option
@runs_dir_option
def report(**options: Any) -> int:
    """Write what RUN (a name or a folder) found as one HTML file that opens without a network."""
    from tuner.cli.report import report_command

    return report_command(**options)


@click.command(short_help="Report a run to MLflow, TensorBoard or Optuna's dashboard.")
@run_argument
@click.option(
    "--to",
    type=Tracked(),
    multiple=True,
    required=True,
    metavar="KIND[=PLACE]",
    help="mlflow=URI (or MLFLOW_TRACKING_URI, else sqlite:///mlflow.db), tensorboard=DIR (else tensorboard), optuna=URL (else "
    "sqlite:///optuna.db). Repeatable.",
)
@click.option(
    "--model",
    "models",
    type=PATH,
    multiple=True,
    metavar="DIR",
    help="A SavedModel of the run that `export` wrote, for mlflow. Repeatable.  [default: those in exports/]",
)
@runs_dir_option
def track(**options: Any) -> int:
    """Report to trackers what RUN (a name or a folder) holds: running, interrupted or finished.

    \b
        python -m tuner track reviews --to mlflow=http://127.0.0.1:5000

    What a tracker has already is not reported again. MLflow gets a run with a child for each trial, the report, and exported
    models that `mlflow models serve` lets answer raw strings; TensorBoard curves and hyperparameters; Optuna a study with
    two objectives, and one for curves.
    """
    from tuner.cli.track import track_command

    return track_command(**options)
