"""When a configuration is not trained on its other folds."""

from collections.abc import Iterable, Sequence
from statistics import mean, stdev

from tuner.runs.configurations import completed_folds
from tuner.runs.search_state import TrialRecord


def reason_to_skip(trials: Sequence[TrialRecord], others: Iterable[Sequence[TrialRecord]], *, folds: int) -> str | None:
    """Why a configuration is not trained on the folds that are left, None where it is.

    It is not where a trial of it was stopped or broke. And it is not where it is too far behind another configuration that
    is no larger and completed on all folds: the scores that it lacks on its own folds, spread over the folds that are left,
    are more than the standard deviation of the other's folds, so it would have to beat the other there by more than chance
    makes the other's folds differ.

    Args:
        trials: of the configuration, in the order of the folds.
        others: the trials of other configurations.
        folds: in all.
    """
    for record in trials:
        if record.ended and (record.status != "completed" or record.score is None):
            how = record.status if record.status != "completed" else "without a score"
            return f"{how} on fold {record.fold}"
    own = _scores(trials)
    if not own:
        return None
    left = folds - len(own)
    for other in others:
        scores = _scores(other)
        if len(scores) < folds or other[0].size > trials[0].size:
            continue
        behind = mean(scores[fold] - score for fold, score in own.items())
        needed, varies = behind * len(own) / left, stdev(scores.values())
        if needed > varies:
            on = f"fold{'s' * (len(own) > 1)} {', '.join(map(str, own))}"
            return (
                f"behind {other[0].trial}, which is no larger, by {behind:.4f} on {on}; it would have to be {needed:.4f} "
                f"ahead on the others, and the folds of {other[0].trial} vary by {varies:.4f}"
            )
    return None


def _scores(trials: Sequence[TrialRecord]) -> dict[int | None, float]:
    return {record.fold: record.score for record in completed_folds(trials) if record.score is not None}
