"""Which of the trials at a rung hold its places."""

import math
from collections.abc import Callable, Mapping

from tuner.runs.pareto import front_layers
from tuner.search.schedulers.epsilon_net import epsilon_net, normalised
from tuner.search.schedulers.scheduler import Metrics

Selection = Callable[[Mapping[str, Metrics], int], list[str]]
"""From what the trials at a rung have reached, and a number of places, to the trials that hold them, the best first.

Trials that cannot be told apart share a place, so that no decision depends on the order in which they came; there may be
more of them than places.
"""


def most_accurate(points: Mapping[str, Metrics], places: int) -> list[str]:
    """The trials of highest accuracy: what one objective asks for."""
    if places <= 0 or not points:
        return []
    ranked = sorted(points, key=lambda trial: -points[trial].val_accuracy)
    least = points[ranked[min(places, len(ranked)) - 1]].val_accuracy
    return [trial for trial in ranked if points[trial].val_accuracy >= least]


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
    distinct = sorted(twins, key=lambda point: (point.parameters, point.val_accuracy))
    layers = front_layers([point.val_accuracy for point in distinct], [point.parameters for point in distinct])
    fronts: list[list[Metrics]] = [[] for _ in range(max(layers, default=-1) + 1)]
    for point, layer in zip(distinct, layers, strict=True):
        fronts[layer].append(point)
    chosen: list[Metrics] = []
    for front in fronts:
        if len(chosen) >= places:
            break
        pairs = normalised([(point.val_accuracy, math.log(point.parameters)) for point in front])
        chosen += [front[i] for i in epsilon_net(pairs, min(len(front), places - len(chosen)))]
    return [trial for point in chosen for trial in twins[point]]
