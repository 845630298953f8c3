"""Non-dominated points of two objectives: accuracy up, parameters down."""

from bisect import bisect_right
from collections.abc import Sequence


def pareto_front(accuracies: Sequence[float], parameters: Sequence[float]) -> list[int]:
    """Positions of the points that no other point dominates, by ascending parameters. O(n log n).

    A point dominates another if it is no worse in both objectives and better in one. Of points that are equal in both,
    all are on the front.
    """
    front = [i for i, layer in enumerate(pareto_ranks(accuracies, parameters)) if layer == 0]
    return sorted(front, key=lambda i: (parameters[i], -accuracies[i]))


def pareto_ranks(accuracies: Sequence[float], parameters: Sequence[float]) -> list[int]:
    """For each point the number of its layer: 0 on the front, 1 on the front of what is left without it, and so on.

    O(n log n): by ascending parameters, a point can only be dominated by those before it, and it belongs to the first
    layer whose best accuracy so far is below its own. The layers' best accuracies descend, so that layer is found by
    bisection (the two-objective case of Jensen 2003, doi:10.1109/TEVC.2003.817234).
    """
    order = sorted(range(len(accuracies)), key=lambda i: (parameters[i], -accuracies[i]))
    layers = [0] * len(order)
    lowest: list[float] = []  # minus the best accuracy of each layer so far, ascending
    for before, i in zip([None, *order], order, strict=False):
        if before is not None and (parameters[before], accuracies[before]) == (parameters[i], accuracies[i]):
            layers[i] = layers[before]
            continue
        layer = bisect_right(lowest, -accuracies[i])
        layers[i] = layer
        if layer == len(lowest):
            lowest.append(-accuracies[i])
        else:
            lowest[layer] = -accuracies[i]
    return layers
