"""Loads run folders: tidy tables of their trials and epochs, whether they run, have crashed or are finished."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.columns import CONFIG
from analysis.folds import over_folds, with_most_folds
from analysis.importers.keras_tuner import is_keras_tuner, load_keras_tuner
from analysis.importers.ray_tune import is_ray_tune, load_ray_tune
from analysis.importers.results import ImportedResults
from analysis.students import students_table, with_students
from tuner.collector import collector_paused
from tuner.errors import InputError
from tuner.metrics import Mode, Objective, metric_column
from tuner.runs.folder import RunFolder, find_run
from tuner.runs.journal import read_journal, read_rivals, read_students
from tuner.runs.location import runs_folder
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings, read_settings
from tuner.runs.tables import (
    epoch_schema,
    epochs_table,
    journal_bytes_of,
    metrics_of,
    repeat_schema,
    repeats_table,
    trial_schema,
    trials_table,
)

SchemaOf = Callable[[Sequence[str]], pa.Schema]


@dataclass(frozen=True)
class Run:
    """A run in memory.

    Attributes:
        folder: where it lies.
        settings: its ``search.yaml``.
        trials: one row per trial, the columns of ``trials.parquet``; metrics at the best epoch.
        epochs: one row per trial and epoch, the columns of ``epochs.parquet``.
        repeats: one row per model and repeat of a confirmation, the columns of ``repeats.parquet``; empty before one.

    >>> run.settings.epochs, len(run.trials), len(run.repeats)
    (6, 40, 24)
    """

    folder: RunFolder
    settings: SearchSettings
    trials: pd.DataFrame
    epochs: pd.DataFrame
    repeats: pd.DataFrame

    @property
    def name(self) -> str:
        """The run's name."""
        return self.folder.name

    @property
    def objective(self) -> Objective:
        """The metric that its search pursued."""
        return self.settings.pursued

    @cached_property
    def configurations(self) -> pd.DataFrame | None:
        """Of a search with folds one row per configuration, as ``over_folds`` gives them; None without folds."""
        return None if self.settings.folds is None else over_folds(self.trials, objective=self.objective)

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """What there is to choose from: the trials, and students of them with their teacher in the column ``teacher``, which
        is there where students are; with folds the configurations with most folds, by their means.
        """
        if self.configurations is not None:
            return with_most_folds(self.configurations)
        return with_students(self.trials, self.students)

    @cached_property
    def students(self) -> pd.DataFrame:
        """Trials that ``tuner distill`` trained once more on a teacher's probabilities, as ``students_table`` gives them."""
        return students_table(read_students(self.folder.journal).values(), self.trials, self.repeats)

    @property
    def models(self) -> pd.DataFrame:
        """The rows of all trials and of all students that came to something."""
        return with_students(self.trials, self.students)

    @cached_property
    def rivals(self) -> pd.DataFrame:
        """The linear models of n-grams that were fitted beside the trials, the best by the objective first, failed ones last.

        Columns: ``rival``, ``parameters`` (Int64), ``strength`` (scikit-learn's C), ``texts``, ``seconds``, ``val_loss``,
        ``val_<metric>`` and ``error``.
        """
        rows = [
            event.model_dump(include={"rival", "parameters", "strength", "texts", "seconds", "val_loss", "error"})
            | {metric_column("val", name): value for name, value in event.val_metrics.items()}
            for event in read_rivals(self.folder.journal).values()
        ]
        columns = ["rival", "parameters", "strength", "texts", "seconds", "val_loss", "error", self.objective.column]
        found = pd.DataFrame(rows, columns=list(dict.fromkeys([*columns, *(name for row in rows for name in row)])))
        found = found.astype({"parameters": "Int64", "val_loss": "float64", self.objective.column: "float64"})
        return found.sort_values(
            self.objective.column, ascending=self.objective.mode == "min", kind="stable", ignore_index=True
        )

    def trial_named(self, wanted: str) -> str | None:
        """The id of a trial or student, whose leading zeros may be left out, or a rival's name; None where there is none."""
        ids = [*map(str, self.models["trial_id"]), *map(str, self.rivals["rival"])]
        if wanted in ids:
            return wanted
        return next((one for one in ids if wanted.isdecimal() and one.isdecimal() and int(one) == int(wanted)), None)

    @property
    def label(self) -> str:
        """One line for a title: name, data, trials."""
        return f"{self.name}: {self.settings.data.source}, {len(self.trials):,} trials"


Results = Run | ImportedResults
"""Trials with a name, whoever ran them."""


def load(run: str | Path, *, runs_dir: Path | None = None) -> Run:
    """Loads a run by name or folder.

    The tables are used where they hold all of the journal. Otherwise (the search runs, or was killed, or a table is damaged
    or of another version) they are made from the journal, which is never behind.

    Args:
        run: a name, a folder or a URL.
        runs_dir: where names are looked up, by default FRONTIER_TUNER_RUNS, else ``runs``.

    Raises:
        InputError: where there is no such run, or its files are damaged.

    >>> analysis.load("analysis/sample_run").name
    'sample_run'
    """
    folder = find_run(str(run), runs_dir or runs_folder())
    settings = read_settings(folder.settings)
    tables = _tables(folder, partial(trial_schema, settings.family), settings.reports_per_epoch)
    return Run(folder, settings, *map(_frame, tables))


def load_results(
    run: str | Path, *, runs_dir: Path | None = None, metric: str | None = None, metric_mode: Mode | None = None
) -> Results:
    """A run by name or folder, else the trials of a Ray Tune or KerasTuner folder.

    Args:
        run: a name, a folder or a URL.
        runs_dir: as in ``load``.
        metric: what to rank another tool's trials by, as in ``load_keras_tuner``, like ``metric_mode``.

    Raises:
        InputError: where it is none of them, or a metric is asked for of a run, which has its own.

    >>> analysis.load_results("tests/analysis/imported/ray_tune").tool
    'Ray Tune'
    """
    path, runs_dir = Path(run), runs_dir or runs_folder()
    if path.is_dir() and not any((place / "search.yaml").is_file() for place in (runs_dir / run, path)):
        if is_keras_tuner(path):
            return load_keras_tuner(path, metric=metric, metric_mode=metric_mode)
        if is_ray_tune(path):
            return load_ray_tune(path, metric=metric, metric_mode=metric_mode)
    if metric is not None or metric_mode is not None:
        raise InputError(
            f"{run} is not a folder of Ray Tune or KerasTuner, and a run is ranked by the metric of its search; leave it out",
            option="metric_mode" if metric is None else "metric",
            value=metric_mode if metric is None else metric,
        )
    return load(run, runs_dir=runs_dir)


def load_many(runs: Iterable[str | Path], *, runs_dir: Path | None = None) -> list[Run]:
    """Loads several runs, in the order given.

    Raises:
        InputError: as ``load`` does; also where two of them have one name, because a table of both could not say which.

    >>> [loaded.name for loaded in analysis.load_many(["analysis/sample_run"])]
    ['sample_run']
    """
    loaded = [load(run, runs_dir=runs_dir) for run in runs]
    names = [run.name for run in loaded]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two runs are named {twice[0]!r}; rename one of the folders to compare them")
    return loaded


def _tables(folder: RunFolder, trial_schema: SchemaOf, per_epoch: int) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Trials, epochs and repeats."""
    if not folder.journal.exists():
        raise InputError(f"{folder.journal}: is missing; without its journal a run cannot be read")
    size = folder.journal.stat().st_size
    trials = _current_table(folder.table("trials"), trial_schema, size)
    epochs = _current_table(folder.table("epochs"), epoch_schema, size)
    repeats = _current_table(folder.table("repeats"), repeat_schema, size)
    if trials is not None and epochs is not None:
        if repeats is not None:
            return trials, epochs, repeats
        metrics = metrics_of(trials.schema.names)
        if not folder.table("repeats").exists() and trials[f"test_{metrics[0]}"].null_count == len(trials):
            return trials, epochs, repeat_schema(metrics, per_epoch).empty_table()
    with collector_paused():
        search_state = SearchState(read_journal(folder.journal))
        return trials_table(search_state), epochs_table(search_state), repeats_table(search_state)


def _frame(table: pa.Table) -> pd.DataFrame:
    """As pandas. Whole numbers that not every trial has, such as a conditional hyperparameter's, stay whole."""
    frame: pd.DataFrame = table.to_pandas()
    gaps = [
        name
        for name in table.schema.names
        if name.startswith((CONFIG, "parameters", "embedding_parameters", "fold"))
        and pa.types.is_integer(table.schema.field(name).type)
        and table[name].null_count
    ]
    return frame.astype(dict.fromkeys(gaps, "Int64"))


def _current_table(file: Path, schema: SchemaOf, journal_bytes: int) -> pa.Table | None:
    """The table, None where it is not there, is behind the journal, or is not what this version writes."""
    try:
        if journal_bytes_of(file) != journal_bytes:
            return None
        table = pq.read_table(file)
    except (OSError, pa.ArrowInvalid):
        return None
    names = table.schema.names
    return table if names == schema(metrics_of(names)).names and metrics_of(names) else None
