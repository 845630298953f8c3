"""Rungs: the epochs at which trials are compared, and what was seen there."""

import math
from dataclasses import dataclass, field

from tuner.search.schedulers.scheduler import Metrics


def rung_epochs(grace_period: int, reduction_factor: int, max_epochs: int) -> tuple[int, ...]:
    """The epochs at which trials are compared: grace period times powers of the reduction factor, below the last epoch."""
    levels = []
    level = grace_period
    while level < max_epochs:
        levels.append(level)
        level *= reduction_factor
    return tuple(levels)


def default_grace_period(max_epochs: int) -> int:
    """The square root of the epochs, rounded down: halfway, on a logarithmic scale, between the first epoch and the last.

    With few epochs (5 or 8) the first comparison is at the second, because after one epoch slow learners look like bad
    ones; with many (100) it is at the tenth and two more follow.
    """
    return max(1, math.isqrt(max_epochs))


@dataclass
class Rung:
    """What the trials that came to an epoch had reached there: their best validation accuracy so far."""

    epoch: int
    points: dict[str, Metrics] = field(default_factory=dict)
