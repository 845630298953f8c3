"""Which trials keep their weights: those that run, the best, and the frontier."""

from collections.abc import Iterable

from tuner.runs.configurations import configurations, contenders
from tuner.runs.pareto import pareto_front
from tuner.runs.search_state import SearchState, TrialRecord

BEST_KEPT = 5


def trials_to_keep(records: Iterable[TrialRecord]) -> set[str]:
    """Ids of the trials whose best weights stay on disk.

    The bound is (running + 5 + frontier) files of best weights, and one last state for each running trial.

    Args:
        records: the trials that have weights. Those whose weights were dropped before need not be among them: what was
            better than a trial then is better than it now, or was dropped for something better still.
    """
    records = list(records)
    candidates = [record for record in records if record.score is not None]
    scores = [record.score or 0.0 for record in candidates]
    front = pareto_front(scores, [record.size for record in candidates])
    ranked = sorted(range(len(candidates)), key=lambda i: (-scores[i], candidates[i].size, candidates[i].index))
    kept = {candidates[i].trial for i in [*front, *ranked[:BEST_KEPT]]}
    return kept | {record.trial for record in records if not record.ended}


def first_folds_to_keep(search_state: SearchState) -> set[str]:
    """With folds, ids of the trials whose best weights stay on disk: those that run, and the first of configurations.

    These are the best configurations and the frontier by their means over folds, and those that are not over, whose means
    are not known yet.
    """
    records = [*search_state.trials.values(), *configurations(search_state)]
    not_over = {record.trial for record in records if not record.ended}
    return not_over | trials_to_keep(record for record in contenders(search_state) if record.ended)
