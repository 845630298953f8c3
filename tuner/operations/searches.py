"""A search that is ready to run, new or reopened: one way to run both, for the command line and for Python."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tuner.data.encoded import EncodedSplits
from tuner.runs.events import EndReason
from tuner.runs.folder import RunFolder
from tuner.runs.location import remote_folder
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings
from tuner.runs.store import RunStore
from tuner.search.interruption import Interruption
from tuner.search.launch import Beside, resume_search, start_search
from tuner.search.prepare import PreparedSearch
from tuner.search.resumption import reopened
from tuner.tracking.destinations import Destination, destinations, remembered
from tuner.tracking.following import Say, following

Show = Callable[[SearchState], None]


@dataclass(frozen=True)
class Search(ABC):
    """A search whose data are read and whose settings are known.

    Attributes:
        folder: of its run, which a new search makes when it runs.
        settings: as ``search.yaml`` has them.
        track: the trackers that are told.
        notes: sentences that the user should hear before it runs.
    """

    folder: RunFolder
    settings: SearchSettings
    track: Sequence[Destination]
    notes: tuple[str, ...]

    def run(self, show: Show, say: Say, interruption: Interruption | None = None) -> EndReason:
        """Runs it to its end.

        Args:
            show: called several times a second with all that happened so far.
            say: takes what goes wrong with a tracker, which ends no search; called from other threads.
            interruption: of the command line, or of who runs it in another thread; None: only KeyboardInterrupt ends it.

        Returns:
            Why it is over. Journal, tables and weights are complete by then.

        Raises:
            InputError: where the cluster cannot hold a trial or the folder cannot be written.
            SearchFailed: where no trial finished an epoch, or the first few all failed for one reason.
            StorageFailed: where the run can no longer be written; it can be resumed.
            Interrupted: by ``interruption``, before there was anything to resume.
        """
        beside = partial(following, settings=self.settings, destinations=self.track, say=say)
        return self._run(show, interruption or Interruption(), beside)

    @abstractmethod
    def _run(self, show: Show, interruption: Interruption, beside: Beside) -> EndReason: ...


@dataclass(frozen=True)
class NewSearch(Search):
    """A search that nothing is written of yet."""

    prepared: PreparedSearch
    runs_dir: Path
    data_files: Collection[Path]

    def _run(self, show: Show, interruption: Interruption, beside: Beside) -> EndReason:
        return start_search(self.prepared, self.runs_dir, show, interruption, beside, data_files=self.data_files)


@dataclass(frozen=True)
class ReopenedSearch(Search):
    """A search that goes on. Its run is locked until it has run, or is closed."""

    store: RunStore
    data: EncodedSplits

    def _run(self, show: Show, interruption: Interruption, beside: Beside) -> EndReason:
        return resume_search(self.store, self.settings, self.data, show, interruption, beside)

    def close(self) -> None:
        """Gives the run back."""
        self.store.close()


def new_search(
    prepared: PreparedSearch, runs_dir: Path, track: Sequence[Destination] = (), *, data_files: Collection[Path] = ()
) -> NewSearch:
    """A search whose data are read and whose settings are known; ``data_files`` become the run's own."""
    place = runs_dir / prepared.settings.name
    notes = tuple(f"note: {note}" for note in prepared.data.notes)
    folder = RunFolder(place, remote_folder(place))
    return NewSearch(folder, prepared.settings, track, notes, prepared, runs_dir, data_files)


def reopened_search(
    folder: RunFolder, *, track: Sequence[str], trials: int | None, data: str | None, no_cache: bool
) -> ReopenedSearch | None:
    """Opens a run to go on with it; None where it is finished and is to have no more trials.

    Args:
        folder: of the run.
        track: other trackers than those that it was begun with.
        trials: that it is to have in all, None for as many as it was begun with.
        data: another place of its data, None for the recorded one.
        no_cache: read and encode the data anew.

    Raises:
        InputError: where another process has the run, it cannot have so many trials, its data are gone or have changed, or a
            tracker is unknown.
    """
    given = destinations(track)
    found = reopened(folder, trials=trials, data=data, no_cache=no_cache)
    if found is None:
        return None
    told, notes = (given, []) if given else remembered(found.settings.track)
    return ReopenedSearch(folder, found.settings, told, (*found.notes, *notes), found.store, found.data)
