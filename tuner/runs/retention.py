"""Which trials keep their weights: those that run, the most accurate, and the frontier."""

from tuner.runs.ledger import Ledger
from tuner.runs.pareto import pareto_front

MOST_ACCURATE_KEPT = 5


def trials_to_keep(ledger: Ledger) -> set[str]:
    """Ids of the trials whose best weights stay on disk.

    The bound is (running + 5 + frontier) files of best weights, and one last state for each running trial.
    """
    candidates = ledger.with_accuracy()
    accuracies = [record.accuracy or 0.0 for record in candidates]
    front = pareto_front(accuracies, [record.size for record in candidates])
    ranked = sorted(range(len(candidates)), key=lambda i: (-accuracies[i], candidates[i].size, candidates[i].index))
    kept = {candidates[i].trial for i in [*front, *ranked[:MOST_ACCURATE_KEPT]]}
    return kept | {record.trial for record in ledger.trials.values() if not record.ended}
