"""A trial's state on its way to a worker: a reference into Ray's object store, which Ray Tune can carry in a config."""

from typing import Any

import ray


class SentState:
    """Stands for a state in the config of a trial. Ray Tune copies configs deeply; what this refers to is not copied.

    It also keeps the copies to the end of the search. All of them are this one object, so that ``release`` frees the memory.
    """

    def __init__(self, reference: "ray.ObjectRef[bytes]") -> None:
        """Takes where the state lies."""
        self._reference: ray.ObjectRef[bytes] | None = reference

    def fetch(self) -> bytes:
        """The state, in a worker."""
        state: bytes = ray.get(self._reference)
        return state

    def release(self) -> None:
        """Lets the object store forget the state. To be called in the driver, once the trial has reported from it."""
        self._reference = None

    def __deepcopy__(self, memo: dict[int, Any]) -> "SentState":
        """Itself."""
        return self


def sent(state: bytes | None) -> SentState | None:
    """Puts a state where workers find it; None stays None."""
    return None if state is None else SentState(ray.put(state))
