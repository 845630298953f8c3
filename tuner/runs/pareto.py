"""Non-dominated points of two objectives: accuracy up, parameters down."""

from collections.abc import Sequence


def pareto_front(accuracies: Sequence[float], parameters: Sequence[float]) -> list[int]:
    """Positions of the points that no other point dominates, by ascending parameters. O(n log n).

    A point dominates another if it is no worse in both objectives and better in one. Of points that are equal in both,
    all are on the front.
    """
    order = sorted(range(len(accuracies)), key=lambda i: (parameters[i], -accuracies[i]))
    front: list[int] = []
    best = float("-inf")
    for i in order:
        twin = bool(front) and (parameters[front[-1]], accuracies[front[-1]]) == (parameters[i], accuracies[i])
        if accuracies[i] > best or twin:
            front.append(i)
            best = accuracies[i]
    return front
