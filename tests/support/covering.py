"""Some of all combinations and of all examples: a product grows with every hyperparameter, faults mostly come from two."""

import os
from collections.abc import Iterable
from itertools import combinations

FULL_CONTRACT = bool(os.environ.get("FULL_CONTRACT"))
"""Whether tests try every combination, and train real networks where quick ones do every day."""


def covering(shapes: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The shapes of which any two values that meet anywhere meet in one at least; all of them with ``FULL_CONTRACT=1``."""
    shapes = list(shapes)
    if FULL_CONTRACT:
        return shapes
    missing = {pair for shape in shapes for pair in combinations(enumerate(shape), 2)}
    chosen = []
    while missing:
        best = max(shapes, key=lambda shape: len(missing & set(combinations(enumerate(shape), 2))))
        chosen.append(best)
        missing -= set(combinations(enumerate(best), 2))
    return chosen


def examples(most: int) -> int:
    """How many examples Hypothesis draws: a third every day, which are others each time, all with ``FULL_CONTRACT=1``."""
    return most if FULL_CONTRACT else max(most // 3, 5)
