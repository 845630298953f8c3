"""Picks a few points of many so that the rest are near one of them."""

import math
from collections.abc import Sequence

Point = tuple[float, float]


def epsilon_net(points: Sequence[Point], size: int) -> list[int]:
    """Positions of ``size`` points in the order in which they join the net.

    The first is the one that is largest in its first coordinate; each further one is the point farthest from those in the
    net already (Gonzalez 1985, doi:10.1016/0304-3975(85)90224-5), so that any beginning of the order covers the points to
    within twice the least possible distance. Multi-objective ASHA ranks the points of one front by it (Schmucker et al.
    2021, arXiv 2106.12639, section 3). Equal distances are settled by the order of ``points``.

    Args:
        points: pairs of one scale, see ``normalised``.
        size: how many to pick, at most their number.
    """
    if size <= 0 or not points:
        return []
    chosen = [max(range(len(points)), key=lambda i: points[i])]
    distances = [math.dist(point, points[chosen[0]]) for point in points]
    while len(chosen) < min(size, len(points)):
        farthest = max((i for i in range(len(points)) if i not in chosen), key=lambda i: distances[i])
        chosen.append(farthest)
        distances = [min(d, math.dist(p, points[farthest])) for d, p in zip(distances, points, strict=True)]
    return chosen


def normalised(points: Sequence[Point]) -> list[Point]:
    """The points with each coordinate stretched to the range from 0 to 1; a coordinate that does not vary becomes 0."""
    columns = list(zip(*points, strict=True))
    lows = [min(column) for column in columns]
    spans = [(max(column) - low) or 1.0 for column, low in zip(columns, lows, strict=True)]
    return [((x - lows[0]) / spans[0], (y - lows[1]) / spans[1]) for x, y in points]
