"""The interface of a searcher."""

from collections.abc import Callable
from typing import Protocol

from search_spaces.config import TrialConfig

Fits = Callable[[TrialConfig], bool]
"""Whether a configuration is within the user's budget of parameters."""


class Searcher(Protocol):
    """Says which configuration a trial has."""

    def propose(self, index: int) -> TrialConfig | None:
        """The configuration of trial ``index`` (from 0), or None where the searcher has no more.

        Asked in ascending order of the index, once each; asked again with the same index it answers the same.
        """
        ...
