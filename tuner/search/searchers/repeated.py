"""Several seeds a configuration."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from search_spaces.own_config import Config
from tuner.runs.ledger import TrialRecord
from tuner.search.searchers.searcher import Searcher


class Repeated:
    """Every configuration of a searcher so many times in a row. A trial's seeds follow from its index, so they differ."""

    def __init__(self, searcher: Searcher, repeats: int, of_record: Callable[[Mapping[str, Any]], Config]) -> None:
        """Takes the searcher, how often each of its configurations is trained, and what reads a recorded one."""
        self._searcher = searcher
        self._repeats = repeats
        self._of_record = of_record

    def propose(self, index: int, trials: Collection[TrialRecord]) -> Config:
        """The searcher's configuration, or the recorded one of the trial that had it first."""
        number, repeat = divmod(index, self._repeats)
        if repeat:
            for record in reversed(list(trials)):
                if record.index == index - repeat:
                    return self._of_record(record.config)
        return self._searcher.propose(number, trials)
