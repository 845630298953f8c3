"""A store of a simulated search, beside no journal."""

from tuner.runs.events import Event
from tuner.runs.search_state import SearchState


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

    def save_weights(
        self, trial: str, *, last: bytes | None, best: bytes | None, predictions: bytes | None = None
    ) -> None:
        """Keeps the last state."""
        if last is not None:
            self._states[trial] = last

    def copy_state(self, source: str, trial: str) -> None:
        """Gives the trial the source's."""
        self._states[trial] = self._states[source]
