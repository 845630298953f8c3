"""Where a search writes down what happens, as its controller sees it."""

from typing import Protocol

from tuner.runs.events import Event
from tuner.runs.search_state import SearchState


class TrialStore(Protocol):
    """A run folder, or what stands in for it where searches are only simulated."""

    @property
    def search_state(self) -> SearchState:
        """All that was recorded so far."""
        ...

    def record(self, event: Event) -> None:
        """Takes in an event, for good."""
        ...

    def state(self, trial: str) -> bytes | None:
        """The last state of a trial, None where there is none."""
        ...

    def save_weights(self, trial: str, *, last: bytes | None, best: bytes | None) -> None:
        """Keeps a trial's last state where it goes on, and the weights of its best epoch where this one is it."""
        ...

    def copy_state(self, source: str, trial: str) -> None:
        """Makes the last state of ``source`` the last state of ``trial`` as well."""
        ...


class InMemoryStore:
    """Records of a simulated search: no journal and no weights, but the last states, which may stand for a trainer's."""

    def __init__(self) -> None:
        """Starts empty."""
        self.search_state = SearchState()
        self._states: dict[str, bytes] = {}

    def record(self, event: Event) -> None:
        """Folds the event."""
        self.search_state.apply(event)

    def state(self, trial: str) -> bytes | None:
        """The trial's last state."""
        return self._states.get(trial)

    def save_weights(self, trial: str, *, last: bytes | None, best: bytes | None) -> None:
        """Keeps the last state."""
        if last is not None:
            self._states[trial] = last

    def copy_state(self, source: str, trial: str) -> None:
        """Gives the trial the source's."""
        self._states[trial] = self._states[source]
