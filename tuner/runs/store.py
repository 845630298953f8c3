"""The run folder as the search writes it: journal first, then weights, then tables."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from tuner.errors import StorageFailed
from tuner.runs.atomic import write_bytes_atomically
from tuner.runs.events import Event, TrialEnded
from tuner.runs.folder import RunFolder
from tuner.runs.journal import Journal, read_journal
from tuner.runs.mirror import Mirror
from tuner.runs.retention import first_folds_to_keep, trials_to_keep
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings, write_settings
from tuner.runs.tables import write_tables

_SECONDS_BETWEEN_TABLES = 2.0
# Both tables are written whole. With 10,000 trials that takes a second: then they follow at longer intervals.
_MOST_OF_THE_TIME = 0.05


class RunStore:
    """The one writer of a run folder. What it holds in memory is always the fold of what the journal holds.

    Attributes:
        folder: the run.
        search_state: all that was recorded so far.
        truncated: bytes that a crash had left of a line, and that were cut off when the journal was opened.
    """

    def __init__(self, folder: RunFolder) -> None:
        """Reads what the journal holds, if anything, and opens it to go on.

        Raises:
            InputError: where another process writes the run, or it cannot be written or read.
        """
        self._mirror = None if folder.remote is None else Mirror(folder.remote)
        self.folder = folder if self._mirror is None else replace(folder, path=self._mirror.path)
        self._journal = Journal(self.folder.journal)
        self.truncated = self._journal.truncated
        self.search_state = SearchState(read_journal(self.folder.journal))
        self._next_tables = 0.0
        self._closed = False
        if self._mirror is not None:
            self._mirror.start()

    def record(self, event: Event) -> None:
        """Appends an event and takes it in; tables follow soon, at once when the search ends.

        Raises:
            StorageFailed: as the other methods that write, where the disk is full or gone.
        """
        with self._writing():
            self._journal.append(event)
            self.search_state.apply(event)
            if isinstance(event, TrialEnded):
                self.folder.state(event.trial).unlink(missing_ok=True)
                self._drop_weights()
        if time.monotonic() >= self._next_tables:
            self.write_tables()

    def write_settings(self, settings: SearchSettings) -> None:
        """Replaces ``search.yaml``: a search was extended."""
        with self._writing():
            write_settings(self.folder.settings, settings)

    def save_weights(
        self, trial: str, *, last: bytes | None, best: bytes | None, predictions: bytes | None = None
    ) -> None:
        """Keeps a trial's last state where it goes on, and weights and predictions of its best epoch where this is it."""
        with self._writing():
            self.folder.state(trial).parent.mkdir(parents=True, exist_ok=True)
            if best is not None:
                write_bytes_atomically(self.folder.weights(trial), best)
            if predictions is not None:
                write_bytes_atomically(self.folder.validation(trial), predictions)
            if last is not None:
                write_bytes_atomically(self.folder.state(trial), last)

    def save_rival(self, name: str, *, model: bytes, predictions: bytes) -> None:
        """Keeps a fitted rival, and what it predicted of the validation texts."""
        with self._writing():
            self.folder.rival(name).parent.mkdir(parents=True, exist_ok=True)
            write_bytes_atomically(self.folder.rival(name), model)
            write_bytes_atomically(self.folder.validation(name), predictions)

    def save_soft_targets(self, fingerprint: str, content: bytes) -> None:
        """Keeps what students are trained on."""
        path = self.folder.soft_targets(fingerprint)
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes_atomically(path, content)

    def drop_soft_targets(self) -> None:
        """Removes what no student of the run was trained on."""
        used = {self.folder.soft_targets(student.fingerprint) for student in self.search_state.students.values()}
        with self._writing():
            for path in set(self.folder.soft_targets("*").parent.glob("*.npz")) - used:
                path.unlink()

    def state(self, trial: str) -> bytes | None:
        """The last state of a trial that is not ended: what it goes on from; None where it has to begin anew."""
        path = self.folder.state(trial)
        return path.read_bytes() if path.exists() else None

    def copy_state(self, source: str, trial: str) -> None:
        """Makes the last state of ``source`` the last state of ``trial`` as well."""
        with self._writing():
            write_bytes_atomically(self.folder.state(trial), self.folder.state(source).read_bytes())

    def write_tables(self) -> None:
        """Writes both tables now."""
        started = time.monotonic()
        with self._writing():
            write_tables(self.folder.path, self.search_state, journal_bytes=self._journal.size())
        ended = time.monotonic()
        self._next_tables = ended + max(_SECONDS_BETWEEN_TABLES, (ended - started) / _MOST_OF_THE_TIME)

    def close(self) -> None:
        """Leaves tables that hold all of the journal. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self.write_tables()
        finally:
            self._journal.close()
            if self._mirror is not None:
                self._mirror.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        if self._mirror is not None:
            self._mirror.check()
        try:
            with nullcontext() if self._mirror is None else self._mirror.lock:
                yield
        except OSError as error:
            raise StorageFailed(
                f"{error.filename or self.folder.journal}: {error.strerror or error}; fix that, then go on with: "
                f"python -m tuner resume {self.folder.reference}"
            ) from error

    def _drop_weights(self) -> None:
        """Looks at the trials that have weights only: among all of them, 10,000 trials would take a hundred million looks."""
        models = self.folder.path / "models"
        paths = {path.name: path for path in models.iterdir()} if models.is_dir() else {}
        records = [self.search_state.trials[trial] for trial in paths if trial in self.search_state.trials]
        keep = trials_to_keep(records) if self.search_state.folds == 1 else first_folds_to_keep(self.search_state)
        other_folds = self._other_folds(keep)
        for record in records:
            if record.trial in other_folds:
                self.folder.weights(record.trial).unlink(missing_ok=True)
            elif record.trial not in keep:
                shutil.rmtree(paths[record.trial])

    def _other_folds(self, keep: set[str]) -> set[str]:
        """Ids of ended trials whose predictions alone stay: with those of the first fold they are of every text."""
        if self.search_state.folds == 1:
            return set()
        trials = [trials for trials in self.search_state.configurations.values() if trials[0].trial in keep]
        return {record.trial for of_one in trials for record in of_one[1:] if record.ended}
