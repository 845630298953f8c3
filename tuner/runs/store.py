"""The run folder as the search writes it: journal first, then weights, then tables."""

import shutil
import time
from pathlib import Path

from tuner.runs.atomic import write_bytes_atomically
from tuner.runs.events import Event, TrialEnded
from tuner.runs.folder import RunFolder
from tuner.runs.journal import Journal, read_journal
from tuner.runs.ledger import Ledger
from tuner.runs.retention import trials_to_keep
from tuner.runs.tables import write_tables

_SECONDS_BETWEEN_TABLES = 2.0


class RunStore:
    """The one writer of a run folder. What it holds in memory is always the fold of what the journal holds."""

    def __init__(self, folder: RunFolder) -> None:
        """Reads what the journal holds, if anything, and opens it to go on."""
        self.folder = folder
        self._journal = Journal(folder.journal)
        self.ledger = Ledger(read_journal(folder.journal))
        self._tables_written = 0.0

    def record(self, event: Event) -> None:
        """Appends an event and takes it in; tables follow within two seconds, at once when the search ends."""
        self._journal.append(event)
        self.ledger.apply(event)
        if isinstance(event, TrialEnded):
            self.folder.state(event.trial).unlink(missing_ok=True)
            self._drop_weights()
        if time.monotonic() - self._tables_written >= _SECONDS_BETWEEN_TABLES:
            self.write_tables()

    def save_weights(self, trial: str, *, last: bytes, best: bytes | None) -> None:
        """Keeps a running trial's last state, and the weights of its best epoch where this one is it."""
        self.folder.state(trial).parent.mkdir(parents=True, exist_ok=True)
        if best is not None:
            write_bytes_atomically(self.folder.weights(trial), best)
        write_bytes_atomically(self.folder.state(trial), last)

    def state(self, trial: str) -> bytes | None:
        """The last state of a trial that is not ended: what it goes on from; None where it has to begin anew."""
        path = self.folder.state(trial)
        return path.read_bytes() if path.exists() else None

    def copy_state(self, donor: str, trial: str) -> None:
        """Makes the last state of ``donor`` the last state of ``trial`` as well."""
        write_bytes_atomically(self.folder.state(trial), self.folder.state(donor).read_bytes())

    def write_tables(self) -> None:
        """Writes both tables now."""
        write_tables(self.folder.path, self.ledger, journal_bytes=self._journal.size())
        self._tables_written = time.monotonic()

    def close(self) -> None:
        """Leaves tables that hold all of the journal."""
        self.write_tables()
        self._journal.close()

    def _drop_weights(self) -> None:
        keep = trials_to_keep(self.ledger)
        models = self.folder.path / "models"
        for path in models.iterdir() if models.is_dir() else ():
            if path.name not in keep and self._is_ended(path):
                shutil.rmtree(path)

    def _is_ended(self, path: Path) -> bool:
        record = self.ledger.trials.get(path.name)
        return record is not None and record.ended
