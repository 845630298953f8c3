"""What a searcher is and says of itself, and the two that wrap another: given points first, each point with several seeds."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from search_spaces.config import Config
from tuner.runs.search_state import TrialRecord

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


@runtime_checkable
class GainForecaster(Protocol):
    """A searcher that says what going on would gain."""

    def propose_with_gain(self, index: int, trials: Collection[TrialRecord]) -> tuple[Config, float | None]:
        """What ``propose`` gives, and what the best candidate is expected to add to the hypervolume, as a share of it.

        None where that is not known.
        """
        ...


def proposed(searcher: Searcher, index: int, trials: Collection[TrialRecord]) -> tuple[Config, float | None]:
    """The next configuration with the expected gain; None for one of a searcher that forecasts none."""
    if isinstance(searcher, GainForecaster):
        return searcher.propose_with_gain(index, trials)
    return searcher.propose(index, trials), None


@dataclass(frozen=True)
class SearcherSpec:
    """What is known of a searcher before a search starts.

    Attributes:
        build: takes the space, the search's ``seed`` and what ``fits``; raises InputError where it cannot handle the space, or
            nothing of the space fits.
        learns: whether what it proposes depends on how other trials did.
        settings: those of the search that it takes beside; with "objective" among them a user may choose one. "plan" is the
            search's plan.
        is_finite: whether it has a number of points, its length, and no more.
    """

    build: Callable[..., Searcher]
    learns: bool = False
    settings: tuple[str, ...] = ()
    is_finite: bool = False


class PointsFirst:
    """The given configurations, then a searcher's, which begins with its own trial 0 and knows how those did.

    The last of the given ones may take turns with the searcher's: what did well on other data is a better guess than what has
    been learned of a dozen trials, and what has been learned finds what other data do not have.
    """

    def __init__(self, points: Sequence[Config], searcher: Searcher, *, by_turns: int = 0) -> None:
        """Takes the points in their order, and what to ask after them.

        Args:
            points: to evaluate.
            searcher: for all other trials.
            by_turns: how many of the points, the last ones, are every other trial after the others, beginning with a point. One
                that the searcher has proposed by then is not tried again; the searcher is asked for another in its place.
        """
        self._first = points[: len(points) - by_turns]
        self._by_turns = points[len(points) - by_turns :]
        self._searcher = searcher

    def propose(self, index: int, trials: Collection[TrialRecord]) -> Config:
        """The point whose turn it is, or what the searcher says."""
        return self.propose_with_gain(index, trials)[0]

    def propose_with_gain(self, index: int, trials: Collection[TrialRecord]) -> tuple[Config, float | None]:
        """The same with the searcher's forecast, None for a point that was given."""
        if index < len(self._first):
            return self._first[index], None
        after = index - len(self._first)
        turn, is_searchers = divmod(after, 2)
        if turn < len(self._by_turns) and not is_searchers:
            point = self._by_turns[turn].model_dump()
            if all(record.config != point for record in trials):
                return self._by_turns[turn], None
        return proposed(self._searcher, after, trials)


class Repeated:
    """Every configuration of a searcher so many times in a row. A trial's seeds follow from its index, so they differ."""

    def __init__(self, searcher: Searcher, repeats: int, of_record: Callable[[Mapping[str, Any]], Config]) -> None:
        """Takes the searcher, how often each of its configurations is trained, and what reads a recorded one."""
        self._searcher = searcher
        self._repeats = repeats
        self._of_record = of_record

    def propose(self, index: int, trials: Collection[TrialRecord]) -> Config:
        """The searcher's configuration, or the recorded one of the trial that had it first."""
        return self.propose_with_gain(index, trials)[0]

    def propose_with_gain(self, index: int, trials: Collection[TrialRecord]) -> tuple[Config, float | None]:
        """The same with the searcher's forecast, None for a repeat."""
        number, repeat = divmod(index, self._repeats)
        if repeat:
            for record in reversed(list(trials)):
                if record.index == index - repeat:
                    return self._of_record(record.config), None
        return proposed(self._searcher, number, trials)
