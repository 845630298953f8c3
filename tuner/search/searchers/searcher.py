"""The interface of a searcher."""

from collections.abc import Callable, Collection
from typing import Protocol

from search_spaces.own_config import Config
from tuner.runs.ledger import TrialRecord

Fits = Callable[[Config], bool]
"""Whether a configuration is within the user's budget of parameters."""

STARTUP_TRIALS = 10
"""Trials that must have ended before a model is made of them; until then trials are drawn at random."""


class Searcher(Protocol):
    """Says which configuration a trial has."""

    def propose(self, index: int, trials: Collection[TrialRecord]) -> Config:
        """The configuration of trial ``index`` (from 0).

        A function of its arguments and the search seed alone: a searcher keeps no state, so there is none to lose.

        Args:
            index: the trial's number, below the number of trials.
            trials: all that were proposed before it, with what is known of them now.
        """
        ...
