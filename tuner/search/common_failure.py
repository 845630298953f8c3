"""When a search is better ended: every trial fails, and always for the same reason."""

import re

from tuner.runs.events import EpochEnded
from tuner.runs.search_state import SearchState

FAILURES_THAT_STOP = 3
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+")


class CommonFailure:
    """Watches the trials that fail while a search runs, from its start or resumption on."""

    def __init__(self, search_state: SearchState) -> None:
        """What failed before is no reason to stop again: the user may have fixed it."""
        self._before = {record.trial for record in search_state.trials.values() if record.ended}
        self._looked_at = len(search_state.history)
        self._one_works = False

    def reason(self, search_state: SearchState) -> str | None:
        """The reason of the first three failures, where no trial finished an epoch yet and all failed for the same.

        Errors that differ in their numbers only (sizes, line numbers, processes) are the same. Lack of memory is none of
        them: the next network may be smaller.
        """
        new, self._looked_at = search_state.history[self._looked_at :], len(search_state.history)
        self._one_works = self._one_works or any(isinstance(event, EpochEnded) for event in new)
        if self._one_works:
            return None
        ended = [record for record in search_state.trials.values() if record.ended and record.trial not in self._before]
        errors = [record.error or "" for record in ended]
        if len(errors) < FAILURES_THAT_STOP or any(record.status != "failed" for record in ended):
            return None
        kinds = {_NUMBER.sub("#", error) for error in errors}
        return errors[0] if len(kinds) == 1 and not errors[0].startswith("out of memory") else None
