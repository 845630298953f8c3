"""When a search has little left to gain."""

from collections.abc import Sequence
from statistics import mean

from tuner.runs.search_state import SearchState, TrialRecord
from tuner.search.searchers.frontier_search import hypervolume

BOUND = 0.005
"""Of the hypervolume: less than this share, from all configurations that are left, is too little to go on for."""
TIMES = 3
"""How many times in a row it has to be."""
LAST = 12
"""Configurations whose gain is looked at, where a searcher forecasts none."""


def is_stable(gains: Sequence[float]) -> bool:
    """Whether the last few gains are all too small.

    PASHA ends where rankings stay (Bohdal et al. 2023, arXiv 2207.06940); here it is the frontier that has to stay.
    """
    return len(gains) >= TIMES and all(gain < BOUND for gain in gains[-TIMES:])


def observed_gain(configurations: Sequence[TrialRecord]) -> float | None:
    """What each of the last 12 configurations that ended added to the hypervolume in the mean, as a share of it.

    None where fewer than twice as many have ended, or none is worth anything.

    Args:
        configurations: in the order of their proposal.
    """
    ended = [record for record in configurations if record.ended and record.parameters]
    if len(ended) < 2 * LAST:
        return None
    objective = ended[0].objective
    scores = [record.score for record in ended if record.score is not None]
    floor = objective.metric.worthless if objective.baseline is None else objective.baseline
    lowest = min(scores, default=0.0) if floor is None else objective.turned(floor)
    points = [(record.size, 0.0 if record.score is None else max(0.0, record.score - lowest)) for record in ended]
    whole = hypervolume(points)
    return (1 - hypervolume(points[:-LAST]) / whole) / LAST if whole > 0 else None


def seconds_of_one(search_state: SearchState) -> float:
    """Seconds that a trial took in the mean, 0 where none has ended."""
    spent = [record.seconds for record in search_state.trials.values() if record.ended]
    return mean(spent) if spent else 0.0
