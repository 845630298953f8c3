"""Opens the run of a search that is to go on: what ``tuner resume`` and ``tuner.resume`` begin with."""

import time
from dataclasses import dataclass

from tuner.data.encoded import EncodedSplits
from tuner.runs.events import SearchExtended
from tuner.runs.folder import RunFolder
from tuner.runs.journal import read_journal
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings, read_settings
from tuner.runs.store import RunStore
from tuner.search.custom_model import discovered_again
from tuner.search.extension import extended
from tuner.search.prepare import prepare_again, with_data_at, with_same_folds


@dataclass(frozen=True)
class Resumption:
    """A search that can go on.

    Attributes:
        store: its run, open; ``resume_search`` closes it.
        settings: its ``search.yaml``, with a custom model as it is now.
        data: its encoded texts, read again.
        notes: sentences that the user should hear.
    """

    store: RunStore
    settings: SearchSettings
    data: EncodedSplits
    notes: tuple[str, ...]


def reopened(folder: RunFolder, *, trials: int | None, data: str | None, no_cache: bool) -> Resumption | None:
    """Opens a run to go on with it; None where it is finished and is to have no more trials.

    Args:
        trials: that it is to have in all, None for as many as it was begun with.
        data: another place of its data, None for the recorded one.
        no_cache: read and encode the data anew.

    Raises:
        InputError: where another process has the run, it cannot have so many trials, or its data are gone or have changed.
    """
    settings = read_settings(folder.settings)
    known = SearchState(read_journal(folder.journal))
    if trials is None and known.end is not None and known.end.reason == "finished":
        planned = settings.trials if known.stable is None else known.planned
        if known.over >= planned:
            return None
    if trials is not None:
        settings = extended(settings, trials, known)
    settings = with_data_at(settings, data)
    prepared = prepare_again(settings, no_cache=no_cache)
    reloaded = discovered_again(settings, prepared)
    encoded = with_same_folds(prepared, settings).encoded
    store = RunStore(folder)
    notes = []
    if store.truncated:
        notes.append("the last line of the journal was cut short by a crash; it was cut off")
    if trials is not None or data is not None:
        store.write_settings(settings)
    if trials is not None and settings.stop_when_stable:
        store.record(SearchExtended(time=time.time(), trials=settings.trials))
    if reloaded != settings:
        notes.append(f"note: the modules of {settings.space['name']} have changed since the search began")
    left = (
        settings.trials if store.search_state.stable is None else store.search_state.planned
    ) - store.search_state.over
    notes.append(f"resuming {folder.name}: {left} of {settings.trials} trials are left")
    return Resumption(store, reloaded, encoded, tuple(notes))
