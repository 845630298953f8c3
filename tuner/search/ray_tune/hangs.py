"""Which trials take longer for an epoch than they may."""

import math
import time
from collections.abc import Callable
from typing import Any


class HangWatch:
    """Knows when each running trial last gave a sign of life: its start, or an epoch."""

    def __init__(self, seconds: float | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes the limit, None for none."""
        self.seconds = math.inf if seconds is None else seconds
        self._clock = clock
        self._since: dict[str, tuple[float, Any]] = {}
        self._hung: set[str] = set()

    def expect(self, trial: Any) -> None:
        """From now on the trial has the whole time for its next epoch."""
        self._since[trial.trial_id] = (self._clock(), trial)

    def forget(self, trial: Any) -> bool:
        """Nothing more is expected of the trial. Returns whether it had been overdue."""
        self._since.pop(trial.trial_id, None)
        hung = trial.trial_id in self._hung
        self._hung.discard(trial.trial_id)
        return hung

    def overdue(self) -> list[Any]:
        """The trials that are over the limit; each is named once."""
        now = self._clock()
        late = [trial for since, trial in self._since.values() if now - since > self.seconds]
        for trial in late:
            self._hung.add(trial.trial_id)
            del self._since[trial.trial_id]
        return late
