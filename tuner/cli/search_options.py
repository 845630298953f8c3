"""``tuner search`` and its options, some of which ``tuner reproduce`` has too. Light: ``--help`` imports this."""

from pathlib import Path
from typing import Any

import click

from tuner.cli.parsing import (
    PATH,
    Duration,
    Epochs,
    GivenOnce,
    Gpus,
    Reports,
    Rungs,
    Tracked,
    load_defaults,
    runs_dir_option,
)
from tuner.data.reading.formats import known_formats
from tuner.data.tokenizer import TRUNCATIONS
from tuner.metrics import ACCURACY, CLASS_METRICS, METRICS
from tuner.search.registry import SCHEDULERS, SEARCHERS

time_budget_option = click.option(
    "--time-budget", type=Duration(), metavar="T", help="End the search after, for instance, 30m."
)
cpus_per_trial_option = click.option(
    "--cpus-per-trial", default=1.0, show_default=True, metavar="X", help="Processors of a trial."
)
concurrency_option = click.option(
    "--concurrency", type=int, metavar="N", help="Most trials at once.  [default: what fits]"
)
seed_option = click.option("--seed", default=0, show_default=True, metavar="K", help="All randomness follows from it.")
track_option = click.option(
    "--track",
    type=Tracked(),
    multiple=True,
    metavar="KIND[=PLACE]",
    help="Report all that happens to a tracker: mlflow=URI (or MLFLOW_TRACKING_URI, else sqlite:///mlflow.db), tensorboard=DIR "
    "(else tensorboard), optuna=URL (else sqlite:///optuna.db). Repeatable; `resume` goes on with them.",
)
fraction_option = click.option(
    "--fraction",
    type=click.FloatRange(min=0, max=1, min_open=True),
    default=1.0,
    show_default=True,
    metavar="F",
    help="Share of the data, by class.",
)
no_cache_option = click.option(
    "--no-cache", is_flag=True, help="Read and encode the data anew, and do not keep them for the next time."
)


@click.command(short_help="Search a space of networks on labelled texts.")
@click.option(
    "--data",
    cls=GivenOnce,
    metavar="D",
    help=f"{known_formats()} file, packed or not, its URL, a folder or an archive of such files (train, valid, test; "
    "shards; one file or folder a class), or imdb, airline, trec. Without it: a generated corpus.",
)
@click.option("--validation-data", cls=GivenOnce, metavar="D", help="Texts to validate on, where they lie apart.")
@click.option("--test-data", cls=GivenOnce, metavar="D", help="Texts to set aside for the test, where they lie apart.")
@click.option(
    "--encoding", metavar="E", help="Encoding of text files, for instance cp1252 or gb18030; found by itself as a rule."
)
@click.option(
    "--text-column",
    multiple=True,
    metavar="C",
    help="Column of the texts; found by itself where it can be. Repeatable: title and body are joined.",
)
@click.option("--label-column", metavar="C", help="Column of the labels; found by itself where it can be.")
@click.option("--split-column", metavar="C", help="Column that says train, validation or test.")
@click.option("--fold-labels", is_flag=True, help="Make labels that differ in capitals only one class.")
@click.option(
    "--min-class-count", default=1, show_default=True, metavar="N", help="Leave out classes with fewer texts."
)
@click.option("--drop-rare", is_flag=True, help="Leave out classes with one text, which cannot be split.")
@fraction_option
@click.option(
    "--data-dir",
    type=PATH,
    default=Path("data"),
    show_default=True,
    help="Where named data sets lie, or are downloaded to.",
)
@click.option("--max-length", default=400, show_default=True, help="Tokens read of a text.")
@click.option(
    "--truncate",
    type=click.Choice(TRUNCATIONS),
    default="head",
    show_default=True,
    help="Which tokens of a longer text are read: the first, the last, or a quarter of them first and the rest last.",
)
@click.option("--min-freq", default=2, show_default=True, help="Training occurrences that make a word known.")
@click.option("--max-tokens", default=50_000, show_default=True, help="Maximum vocabulary size.")
@click.option(
    "--vectors",
    type=PATH,
    metavar="FILE",
    help="Word vectors (GloVe text, word2vec text or binary, .gz and .zip too) for networks with vectors=frozen or trained.",
)
@click.option("--stop-words/--no-stop-words", default=False, help="Leave out English stop words.")
@click.option("--space", metavar="S", help="A named space (see `spaces`) or a YAML file.  [default: frontier]")
@click.option(
    "--hypermodel",
    metavar="MODULE:NAME",
    help="A keras_tuner.HyperModel or build(hp) of your own, instead of a space of the built-in networks.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Fix a hyperparameter, or give it other values: units=32, units=16,32. Repeatable.",
)
@click.option("--trials", type=int, metavar="N", help="Trials.  [default: 12; with grid: all]")
@click.option(
    "--seeds-per-config",
    default=1,
    show_default=True,
    metavar="N",
    help="Seeds from which each is trained; --trials counts them once.",
)
@click.option(
    "--folds",
    type=int,
    metavar="K",
    help="Validate each on K folds of the training and validation texts in turn, and rank by the mean: for small data.",
)
@click.option("--epochs", default=8, show_default=True, metavar="E", help="Most epochs of a trial.")
@click.option(
    "--reports-per-epoch",
    type=Reports(),
    default=1,
    show_default=True,
    metavar="N",
    help="Evaluate and compare trials N times an epoch, for long epochs; auto: every 10,000 texts, as validation allows.",
)
@click.option(
    "--scheduler",
    type=click.Choice(tuple(SCHEDULERS)),
    help="Early stopping; forecast stops what is forecast to miss the frontier, frontier keeps what is accurate or small.  "
    "[default: forecast; with another searcher than frontier, or rungs: asha]",
)
@click.option(
    "--grace-period",
    type=Epochs(),
    metavar="E",
    help="Epochs before trials are compared.  [default: sqrt of a trial's reports]",
)
@click.option("--reduction-factor", type=int, metavar="N", help="One in N trials continues at a rung.  [default: 3]")
@click.option("--rungs", type=Rungs(), metavar="E,E,...", help="Epochs at which trials are compared, instead.")
@click.option("--promotion", is_flag=True, help="Pause trials at a rung and continue the best, instead of stopping.")
@click.option(
    "--perturbation-interval", type=Epochs(), metavar="E", help="Epochs between exchanges of pbt.  [default: likewise]"
)
@click.option("--patience", type=int, metavar="N", help="End a trial after N epochs without a better metric.")
@click.option(
    "--searcher",
    type=click.Choice(tuple(SEARCHERS)),
    help="What proposes trials; frontier looks for the best gain for its time.  [default: frontier; with --hypermodel: random]",
)
@click.option(
    "--portfolio/--no-portfolio",
    default=True,
    show_default=True,
    help="Try up to 12 configurations first that did well on other data, as near as the space has them.",
)
@click.option(
    "--metric",
    default=ACCURACY.name,
    show_default=True,
    metavar="M",
    help=f"Metric of the validation texts by which trials are compared: {', '.join(METRICS)}; of a class "
    f"{', '.join(CLASS_METRICS)}, as f1:CLASS; or a function MODULE:NAME of your own that takes labels and probabilities.",
)
@click.option(
    "--metric-mode",
    type=click.Choice(["max", "min"]),
    default="max",
    show_default=True,
    help="Whether more or less of your own metric is better.",
)
@click.option(
    "--objective",
    type=click.Choice(["metric", "frontier"]),
    help="What optuna looks for: the metric alone, or against parameters.  [default: the scheduler's]",
)
@click.option("--warm-start", metavar="RUN", help="Try the frontier of an earlier run first, at most half the trials.")
@click.option(
    "--rivals/--no-rivals",
    default=True,
    show_default=True,
    help="Fit logistic regression and NB-SVM to n-grams beside the trials, to hold the networks against; not with --folds.",
)
@seed_option
@click.option("--name", metavar="RUN", help="Name of the run.  [default: date and time]")
@runs_dir_option
@track_option
@click.option("--max-params", type=int, metavar="N", help="Only networks of at most N parameters.")
@time_budget_option
@click.option(
    "--stop-when-stable",
    is_flag=True,
    help="End the search when all trials left are expected to add less than 0.5 % to the hypervolume, three times in a row.",
)
@click.option(
    "--epoch-timeout",
    type=Duration(),
    default="2h",
    show_default=True,
    metavar="T",
    help="A trial hangs, and is ended, when an epoch takes longer.",
)
@cpus_per_trial_option
@click.option(
    "--gpus-per-trial",
    type=Gpus(),
    metavar="X",
    help="GPUs of a trial, fractions too; auto: as many trials per GPU as fit.  [default: 1 where there are any]",
)
@concurrency_option
@click.option("--address", metavar="ADDR", help="Ray cluster to use.  [default: this machine's, or a local Ray]")
@click.option(
    "--config",
    type=click.Path(),
    is_eager=True,
    expose_value=False,
    callback=load_defaults,
    metavar="FILE",
    help="YAML file with values for these options.",
)
@no_cache_option
@click.option("--dry-run", is_flag=True, help="Check everything, say what would be done, and stop.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the ranked trials, or with --dry-run how the data were understood, as JSON alone on stdout.",
)
def search(**options: Any) -> int:
    """Search a space of networks on labelled texts.

    Trials run in parallel, the weak ones are stopped early, and everything that happens is kept in the run folder
    (runs/NAME). At the end: the trials ranked, and the frontier of accuracy against parameters.
    """
    from tuner.cli.search import search_command

    return search_command(options)
