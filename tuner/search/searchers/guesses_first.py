"""First guesses: configurations that are tried before a searcher is asked."""

from collections.abc import Collection, Sequence

from search_spaces.own_config import Config
from tuner.runs.ledger import TrialRecord
from tuner.search.searchers.searcher import Searcher


class GuessesFirst:
    """The given configurations, then a searcher's, which begins with its own trial 0 and knows how the guesses did."""

    def __init__(self, guesses: Sequence[Config], searcher: Searcher) -> None:
        """Takes both."""
        self._guesses = guesses
        self._searcher = searcher

    def propose(self, index: int, trials: Collection[TrialRecord]) -> Config:
        """Guess ``index``, or what the searcher says."""
        if index < len(self._guesses):
            return self._guesses[index]
        return self._searcher.propose(index - len(self._guesses), trials)
