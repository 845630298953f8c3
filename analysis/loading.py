"""Loads a run folder: tidy tables of its trials and epochs, whether it runs, has crashed or is finished."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tuner.errors import InputError
from tuner.runs.folder import RunFolder, find_run
from tuner.runs.journal import read_journal
from tuner.runs.ledger import Ledger
from tuner.runs.settings import SearchSettings, read_settings
from tuner.runs.tables import epochs_table, journal_bytes_of, trials_table


@dataclass(frozen=True)
class Run:
    """A run in memory.

    Attributes:
        folder: where it lies.
        settings: its ``search.yaml``.
        trials: a row a trial, the columns of ``trials.parquet``; metrics at the best epoch.
        epochs: a row a trial and epoch, the columns of ``epochs.parquet``.
    """

    folder: RunFolder
    settings: SearchSettings
    trials: pd.DataFrame
    epochs: pd.DataFrame

    @property
    def name(self) -> str:
        """The run's name."""
        return self.folder.name


def load(run: str | Path, *, runs_dir: Path = Path("runs")) -> Run:
    """Loads a run by name or folder.

    The tables are used where they hold all of the journal. Otherwise (the search runs, or was killed) they are made from
    the journal, which is never behind.

    Raises:
        InputError: where there is no such run, or its files are damaged.
    """
    folder = find_run(str(run), runs_dir)
    settings = read_settings(folder.settings)
    trials, epochs = _tables(folder)
    return Run(folder, settings, trials.to_pandas(), epochs.to_pandas())


def _tables(folder: RunFolder) -> tuple[pa.Table, pa.Table]:
    if not folder.journal.exists():
        raise InputError(f"{folder.journal}: is missing; without its journal a run cannot be read")
    size = folder.journal.stat().st_size
    files = (folder.trials_table, folder.epochs_table)
    if all(file.exists() and journal_bytes_of(file) == size for file in files):
        return pq.read_table(files[0]), pq.read_table(files[1])
    ledger = Ledger(read_journal(folder.journal))
    return trials_table(ledger), epochs_table(ledger)
