"""How a trial's last state gets to the worker that goes on with it: through Ray's object store."""

from typing import Any, Self


class StateHandle:
    """A state in the object store, for as long as somebody may still have to fetch it.

    Tune copies a trial's config several times and keeps the copies to the end of the search. All of them share this one
    handle, so that ``release`` frees the memory.
    """

    def __init__(self, state: bytes) -> None:
        """Puts the state into the driver's object store."""
        import ray

        self._reference: Any = ray.put(state)

    def fetch(self) -> bytes:
        """The state, wherever in the cluster this is called."""
        import ray

        content: bytes = ray.get(self._reference)
        return content

    def release(self) -> None:
        """Lets the object store forget it. To be called in the driver, when the trial has reported from the state."""
        self._reference = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The handle itself."""
        return self

    def __repr__(self) -> str:
        """Short: Tune makes a name of a trial from what is in its config."""
        return "state"
