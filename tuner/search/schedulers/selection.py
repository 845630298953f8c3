"""Which trials of a rung go on: the most accurate, or those nearest the frontier."""

import math
from collections.abc import Callable, Mapping, Sequence

from tuner.runs.pareto import pareto_ranks
from tuner.search.schedulers.scheduler import Metrics

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


Selection = Callable[[Mapping[str, Metrics], int], list[str]]
"""From what the trials at a rung have reached, and a number of places, to the trials that hold them, the best first.

Trials that cannot be told apart share a place, so that no decision depends on the order in which they came; there may be
more of them than places.
"""


def most_accurate(points: Mapping[str, Metrics], places: int) -> list[str]:
    """The trials of highest accuracy: what one objective asks for."""
    if places <= 0 or not points:
        return []
    least = sorted(point.score for point in points.values())[-min(places, len(points))]
    chosen = (trial for trial, point in points.items() if point.score >= least)
    return sorted(chosen, key=lambda trial: -points[trial].score)


def nearest_the_frontier(points: Mapping[str, Metrics], places: int) -> list[str]:
    """The trials of the first fronts: accuracy up, parameters down.

    Non-dominated sorting gives the fronts. Those that fit into the places hold them whole; of the first that does not, an
    epsilon-net over accuracy and the logarithm of the parameters, both stretched over that front, takes what is left. So a
    dominated trial holds a place only where all that dominate it do (multi-objective ASHA, Schmucker et al. 2021, arXiv
    2106.12639).
    """
    twins: dict[Metrics, list[str]] = {}
    for trial, point in points.items():
        twins.setdefault(point, []).append(trial)
    distinct = sorted(twins, key=lambda point: (point.parameters, point.score))
    layers = pareto_ranks([point.score for point in distinct], [point.parameters for point in distinct])
    fronts: list[list[Metrics]] = [[] for _ in range(max(layers, default=-1) + 1)]
    for point, layer in zip(distinct, layers, strict=True):
        fronts[layer].append(point)
    chosen: list[Metrics] = []
    for front in fronts:
        if len(chosen) >= places:
            break
        pairs = normalised([(point.score, math.log(point.parameters)) for point in front])
        chosen += [front[i] for i in epsilon_net(pairs, min(len(front), places - len(chosen)))]
    return [trial for point in chosen for trial in twins[point]]
