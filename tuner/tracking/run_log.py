"""What a tracker is told of a run, from its journal alone: read once, or line by line while a search writes it."""

import hashlib
from pathlib import Path
from typing import Any

from tuner.runs.events import Event, TrialEnded, TrialProposed, TrialStarted
from tuner.runs.journal import JournalReader
from tuner.runs.search_state import SearchState, TrialRecord


class RunLog:
    """The state of a search as its journal has it so far, with what trackers want to know beside it.

    Attributes:
        state: the fold of the events.
        proposed: the first configuration of each trial; population based training changes it later.
        started: when each trial was first taken by a worker, seconds since 1970.
        ended: when each trial ended.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._reader = JournalReader(journal)
        self.state = SearchState()
        self.proposed: dict[str, dict[str, Any]] = {}
        self.started: dict[str, float] = {}
        self.ended: dict[str, float] = {}

    def read(self) -> bool:
        """Takes in the events that were written since the last call; says whether there were any.

        Raises:
            InputError: where a line is no event.
        """
        before = self.state.last_event_at, len(self.state.history)
        if self._journal.exists():
            for event in self._reader.read():
                self._take(event)
        return before != (self.state.last_event_at, len(self.state.history))

    def _take(self, event: Event) -> None:
        self.state.apply(event)
        match event:
            case TrialProposed():
                self.proposed[event.trial] = event.config
            case TrialStarted():
                self.started.setdefault(event.trial, event.time)
            case TrialEnded():
                self.ended[event.trial] = event.time

    @property
    def identity(self) -> str:
        """What tells this run from others of its name, and stays when its folder is renamed or copied: its first line."""
        with self._journal.open("rb") as file:
            return hashlib.sha256(file.readline()).hexdigest()[:16]

    def tellable(self) -> list[TrialRecord]:
        """The trials that have begun, in the order of their proposal. Those of a custom model once it was built, or failed."""
        return [
            record
            for record in self.state.trials.values()
            if record.ended or (record.parameters is not None and record.trial in self.started)
        ]
