"""The commands and their options, all light: ``--help`` imports this, and what a command runs is imported when it runs."""

from pathlib import Path
from typing import Any

import click

from tuner.cli.parsing import PATH, Gpus, Size, Tracked, runs_dir_option
from tuner.cli.search_options import (
    concurrency_option,
    cpus_per_trial_option,
    fraction_option,
    no_cache_option,
    search,
    seed_option,
    time_budget_option,
    track_option,
)

DEFAULT_HARD_WEIGHT = 0.5
"""Measured on airline tweets with an ensemble of four (means of two seeds, test set): a network of 11,875 parameters comes to
79.5 % with labels alone, and to 80.2, 80.6 and 80.4 % with shares of 0.7, 0.5 and 0.3; one of 2,883 gains with none of them."""

_run_argument = click.argument("run")
_moved_data_option = click.option(
    "--data", metavar="D", help="Where the data are now, if they were moved; they must be the same."
)
_imported_metric_option = click.option(
    "--metric",
    metavar="M",
    help="What to rank a folder of Ray Tune or KerasTuner by, as it is called there.  [default: the validation accuracy, else "
    "KerasTuner's objective]",
)
_imported_mode_option = click.option(
    "--metric-mode",
    type=click.Choice(["max", "min"]),
    help="Whether more or less of it is better.  [default: what the folder or the name says]",
)
_cost_option = click.option(
    "--cost",
    type=click.Choice(["parameters", "multiply_adds", "bytes", "exported_bytes", "latency"]),
    default="parameters",
    show_default=True,
    help="What frontier and knee are against: parameters, multiply-adds of a text of mean length, bytes (4 a parameter, and "
    "the words that it knows); or, of trials that export --measure has measured, the bytes of their export or milliseconds "
    "for one text.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON alone on stdout.")
_texts_file_option = click.option(
    "--file", type=PATH, metavar="F", help="A table, as search reads them, or a UTF-8 file with a text a line."
)
_text_column_option = click.option(
    "--text-column",
    multiple=True,
    metavar="C",
    help="Column of the texts in a table; several are joined.  [default: those of the training texts]",
)


@click.command(short_help="Go on with a search that was interrupted, or extend it.")
@_run_argument
@runs_dir_option
@click.option("--trials", type=int, metavar="N", help="Extend the search to N trials in all.")
@_moved_data_option
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


@click.command(short_help="Rank the trials of a run.")
@_run_argument
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
@_imported_metric_option
@_imported_mode_option
@runs_dir_option
@_json_option
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
@_json_option
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


@click.command(short_help="Scale the frontier up: the configurations of larger networks.")
@_run_argument
@click.option(
    "--to",
    type=Size(),
    required=True,
    metavar="N",
    help="Parameters of the largest, for instance 500k; at most 10 times the largest of RUN.",
)
@click.option(
    "--train", is_flag=True, help="Train them in full, as a new run with the data and settings of RUN, and rank them."
)
@click.option("--name", metavar="NAME", help="Name of the new run.  [default: RUN-scaled]")
@runs_dir_option
@_moved_data_option
@no_cache_option
@_json_option
def scale(**options: Any) -> int:
    """Predict the configurations of larger networks from those on the frontier of RUN (a name or a folder).

    Depth, width, word vectors and vocabulary grow as powers of the parameters (compound scaling, Tan and Le 2019), fitted to
    the frontier's networks of the knee's cell. Shown are three sizes, of which N is the largest, with exact counts.
    """
    from tuner.cli.scale import scale_command

    return scale_command(**options)


@click.command(short_help="Train the best trials again and evaluate them on the test set.")
@_run_argument
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
@_moved_data_option
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


@click.command(short_help="Show where a trial is wrong, and which labels probably are.")
@_run_argument
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
@_json_option
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


@click.command(short_help="Train small configurations again on a teacher's probabilities.")
@_run_argument
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
@_moved_data_option
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


@click.command(short_help="Write the report of a run as one HTML file.")
@_run_argument
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="F", help="The file.  [default: RUN/report.html]"
)
@_cost_option
@click.option("--no-texts", is_flag=True, help="Leave every text of the data out of the file, for private data.")
@click.option("--serve", is_flag=True, help="Write no file: show it to this machine's browsers, as the search goes on.")
@click.option("--port", type=int, metavar="N", help="Port of --serve.  [default: a free one]")
@_imported_metric_option
@_imported_mode_option
@runs_dir_option
def report(**options: Any) -> int:
    """Write what RUN (a name or a folder) found as one HTML file that opens without a network."""
    from tuner.cli.report import report_command

    return report_command(**options)


@click.command(short_help="Report a run to MLflow, TensorBoard or Optuna's dashboard.")
@_run_argument
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


@click.command(short_help="Write a trial of a run as a model that takes raw strings.")
@_run_argument
@click.option(
    "--trial",
    default="best",
    show_default=True,
    metavar="best|knee|frontier|ensemble|ID|RIVAL",
    help="Which trial: the most accurate, the one at the frontier's knee, all of the frontier, the ensemble that `rank` shows, "
    "an id; or a rival's name.",
)
@click.option("--out", type=PATH, metavar="DIR", help="Folder to write.  [default: exports/RUN-TRIAL]")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["saved_model", "keras", "tflite", "onnx"]),
    default="saved_model",
    show_default=True,
    help="A SavedModel for raw strings, a Keras file for token ids, quantised LiteRT files (float16 and int8), or an ONNX file "
    "for token ids.",
)
@click.option("--force", is_flag=True, help="Replace the folder if it holds an exported model.")
@click.option(
    "--measure",
    is_flag=True,
    help="Measure bytes, milliseconds for one text and texts a second, in fresh processes of one thread (20 seconds a file).",
)
@runs_dir_option
def export(**options: Any) -> int:
    """Write a trial of RUN (a name or a folder) as a model that needs nothing of this program, with a model card beside it."""
    from tuner.cli.export import export_command

    return export_command(**options)


def _check_texts(texts: tuple[str, ...], file: Path | None, text_column: tuple[str, ...]) -> None:
    """Refuses two sources of texts, and a column without a table."""
    if texts and file:
        raise click.UsageError("give texts or --file, not both", click.get_current_context())
    if text_column and not file:
        raise click.UsageError("--text-column is for the table of --file; give one", click.get_current_context())


@click.command(short_help="Classify texts with an exported model.")
@click.argument("model_dir", type=PATH)
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@_texts_file_option
@_text_column_option
@_json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV alone on stdout.")
def predict(
    model_dir: Path,
    texts: tuple[str, ...],
    file: Path | None,
    text_column: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
) -> int:
    """Classify texts with the model in MODEL_DIR: the given ones, those of a file, or the lines of standard input.

    Every row of a table and every line is a text, an empty one too: answers come in their order, as many as there are. Columns
    that tell the rows of a table apart stand beside the answers.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other; give one", click.get_current_context())
    _check_texts(texts, file, text_column)
    from tuner.cli.predict import predict_command

    return predict_command(
        model_dir, texts, file, text_column, style="json" if as_json else "csv" if as_csv else "table"
    )


@click.command(short_help="Show which words mattered: of a text, or for each class.")
@click.argument("model_dir", type=PATH, metavar="MODEL_DIR|RUN")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--class", "class_name", metavar="LABEL", help="The class to explain.  [default: the predicted one]")
@_texts_file_option
@_text_column_option
@click.option(
    "--gradients",
    is_flag=True,
    help="Integrated gradients instead of leaving words out, of a built-in network of RUN: weights that add up.",
)
@click.option("--words", is_flag=True, help="The words that decide for each class in the validation texts of RUN.")
@click.option(
    "--trial",
    default="knee",
    show_default=True,
    metavar="best|knee|ensemble|ID|RIVAL",
    help="Of RUN: which model, with --words or --gradients.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    metavar="N",
    help="Validation texts to look at with --words, evenly spaced.",
)
@click.option(
    "--top", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="Words of a class to show."
)
@runs_dir_option
@_json_option
def explain(
    model_dir: Path,
    texts: tuple[str, ...],
    class_name: str | None,
    file: Path | None,
    text_column: tuple[str, ...],
    as_json: bool,
    *,
    gradients: bool,
    words: bool,
    trial: str,
    runs_dir: Path,
    **of_words: Any,
) -> int:
    """Show which words of a text mattered to the model in MODEL_DIR. Texts come as for `predict`.

    \b
        python -m tuner explain exports/first-00011 "the room was not clean at all"
        python -m tuner explain first "the room was not clean at all" --gradients
        python -m tuner explain first --words

    Each word is left out once; its weight is what the log-odds of the class lose by that. Above zero it speaks for the class
    (blue), below against it (orange).

    With --gradients, the weights add up to what the log-odds are more than without any word (Sundararajan et al. 2017).

    With --words, this is done for up to N validation texts of RUN (a name or a folder), and the words that decide most for each
    class are shown and kept in the run, so that the report has them.
    """
    if words:
        if texts or file or class_name is not None or gradients:
            raise click.UsageError(
                "--words takes the validation texts of a run; leave out texts, --file, --class and --gradients, or --words",
                click.get_current_context(),
            )
        from tuner.cli.explain import words_command

        return words_command(str(model_dir), trial=trial, runs_dir=runs_dir, as_json=as_json, **of_words)
    _check_texts(texts, file, text_column)
    from tuner.cli.explain import explain_command

    return explain_command(
        model_dir, texts, file, text_column, class_name=class_name, gradients=gradients, trial=trial, runs_dir=runs_dir,
        as_json=as_json,
    )  # fmt: skip


@click.command(short_help="List the named spaces, or show one in full.")
@click.argument("name", required=False)
@_json_option
def spaces(**options: Any) -> int:
    """List the named spaces; with NAME, show that one in full (it is a YAML file to start your own from)."""
    from tuner.cli.spaces import spaces_command

    return spaces_command(**options)


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
@_json_option
def doctor(**options: Any) -> int:
    """Look for what would go wrong on this machine or on a cluster, and say what to do about it.

    CLUSTER is the YAML of a cluster that `ray up` started, the URL of its dashboard, or the address of a Ray cluster
    (HOST:PORT). Without it: the cluster that runs on this machine, or the machine alone.

    Exit code 0 where nothing failed, warnings included, else 1.
    """
    from tuner.cli.doctor import doctor_command

    return doctor_command(**options)


COMMANDS = (
    search,
    resume,
    rank,
    forecast,
    scale,
    confirm,
    distill,
    errors,
    report,
    track,
    export,
    predict,
    explain,
    spaces,
    reproduce,
    submit,
    doctor,
)
