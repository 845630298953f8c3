"""Configurations of a search with folds, each as one record: its trials on the folds together."""

from collections.abc import Mapping, Sequence
from statistics import mean

from tuner.runs.events import TrialStatus
from tuner.runs.search_state import SearchState, TrialRecord


def completed_folds(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Of the trials of a configuration those that trained to their end and have a score."""
    return [record for record in trials if record.status == "completed" and record.score is not None]


def configurations(search_state: SearchState) -> list[TrialRecord]:
    """One record per configuration; without folds, the trials.

    With folds a record has the id of the trial on the first fold, the number of the configuration as its index, and means
    over the completed folds as metrics of its best epoch. Where none is completed, metrics are those of the first.
    """
    if search_state.folds == 1:
        return list(search_state.trials.values())
    return [_as_one(search_state, number, trials) for number, trials in search_state.configurations.items()]


def contenders(search_state: SearchState) -> list[TrialRecord]:
    """The records that can be compared by their scores: of the configurations those with most completed folds."""
    scored = [record for record in configurations(search_state) if record.score is not None]
    if search_state.folds == 1:
        return scored
    done = {record.trial: len(completed_folds(search_state.configurations[record.index])) for record in scored}
    return [record for record in scored if done[record.trial] == max(done.values())]


def _as_one(search_state: SearchState, number: int, trials: Sequence[TrialRecord]) -> TrialRecord:
    first, best = trials[0], trials[0].best
    done = [record.best for record in completed_folds(trials) if record.best is not None]
    if done:
        best = done[0].model_copy(update={"metrics": mean_metrics([epoch.metrics for epoch in done])})
    return TrialRecord(
        trial=first.trial,
        index=number,
        config=first.config,
        parameters=first.parameters,
        embedding_parameters=first.embedding_parameters,
        objective=first.objective,
        status=_status(search_state, trials),
        error=next((record.error for record in trials if record.error), None),
        paused=first.paused,
        epochs=first.epochs,
        best=best,
    )


def mean_metrics(metrics: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """The mean of each metric over folds, None where one of them has no such figure."""
    means: dict[str, float | None] = {}
    for name in metrics[0]:
        values = [value for one in metrics if (value := one.get(name)) is not None]
        means[name] = mean(values) if len(values) == len(metrics) else None
    return means


def _status(search_state: SearchState, trials: Sequence[TrialRecord]) -> TrialStatus:
    """Running until its last trial has ended, then completed where all folds were."""
    first = trials[0]
    if not first.ended:
        return first.status
    skipped = search_state.skipped.get(first.trial)
    trained_on = search_state.folds - (0 if skipped is None else len(skipped.folds))
    if len(trials) < trained_on or not all(record.ended for record in trials):
        return "running"
    if len(completed_folds(trials)) == search_state.folds:
        return "completed"
    return "stopped" if first.status == "completed" else first.status
