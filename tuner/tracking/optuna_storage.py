"""A run as two studies in a storage of Optuna's.

One has two objectives, metric and parameters, and a constraint, to be better than always giving the most frequent label: its
Pareto front is the frontier. The other, with ``-metric`` behind its name, has the metric alone: Optuna's dashboard draws
learning curves and the importance of hyperparameters for those only.

A trial of a search with folds is a configuration: its value is the mean over all folds, its curve that of the first. One that
was not trained on all of them is pruned, since its mean is not to be compared with others.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from search_spaces.optuna_bridge import distributions
from tuner.runs.configurations import configurations
from tuner.runs.events import EpochEnded
from tuner.runs.search_state import TrialRecord
from tuner.tracking.tracker import Told, Tracker, best_figures

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

_RUN, _TRIAL = "run", "trial"
"""User attributes: of a study the identity of its run, of a trial its id there."""


@dataclass(frozen=True)
class _Known:
    """A trial that is in a study: its key there, and what of it."""

    key: int
    last_step: int
    is_finished: bool

    @classmethod
    def of(cls, key: int, trial: "FrozenTrial") -> Self:
        return cls(key, max(trial.intermediate_values, default=0), trial.state.is_finished())


class OptunaStorage(Tracker):
    """A trial is made in one transaction, and a value of an epoch that is there already is written over with itself."""

    def open(self) -> dict[str, Told]:
        """Opens the storage, and makes the studies where they are not there."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._storage = optuna.storages.get_storage(self.place)
        better: Literal["minimize", "maximize"] = "maximize" if self.settings.pursued.mode == "max" else "minimize"
        metric = self.settings.pursued.column
        self._space = distributions(self.settings.resolved_space())
        names = _free_names(self._storage, self.folder.name, self.log.identity)
        self._studies = [
            _study(self._storage, names[0], self.log.identity, {metric: better, "parameters": "minimize"}),
            _study(self._storage, names[1], self.log.identity, {metric: better}),
        ]
        self._trials = [_known_trials(self._storage, study) for study in self._studies]
        both = self._trials[0].keys() & self._trials[1].keys()
        return {trial: self._told(trial) for trial in both if trial in self.state.trials}

    def _told(self, trial: str) -> Told:
        found = [trials[trial] for trials in self._trials]
        last = min(one.last_step for one in found)
        epochs = max(0, min(last, len(self.state.trials[trial].epochs)))
        return Told(trial, epochs, all(one.is_finished for one in found))

    def records(self) -> list[TrialRecord]:
        """One record per configuration, once its first trial can be told."""
        tellable = super().records()
        if self.state.folds == 1:
            return tellable
        begun = {record.trial for record in tellable}
        return [record for record in configurations(self.state) if record.trial in begun]

    def begin(self, record: TrialRecord) -> str:
        """Makes the trial in both studies, complete where it has ended."""
        for study, trials in zip(self._studies, self._trials, strict=True):
            if record.trial not in trials:
                frozen = self._frozen(record, two_objectives=study == self._studies[0])
                trials[record.trial] = _Known.of(self._storage.create_new_trial(study, frozen), frozen)
        return record.trial

    def add(self, key: str, record: TrialRecord, epochs: list[EpochEnded]) -> None:
        """Writes the metric of each epoch."""
        for trials in self._trials:
            known = trials[key]
            for step, value in _curve(record, epochs).items():
                if not known.is_finished and step > known.last_step:
                    self._storage.set_trial_intermediate_value(known.key, step, value)

    def end(self, key: str, record: TrialRecord) -> None:
        """Writes what it came to, and its state."""
        for study, trials in zip(self._studies, self._trials, strict=True):
            known = trials[key]
            if not known.is_finished:
                frozen = self._frozen(record, two_objectives=study == self._studies[0])
                for name, value in frozen.user_attrs.items():
                    self._storage.set_trial_user_attr(known.key, name, value)
                for name, value in frozen.system_attrs.items():  # where Optuna keeps constraints
                    self._storage.set_trial_system_attr(known.key, name, value)
                self._storage.set_trial_state_values(known.key, frozen.state, frozen.values)

    def finish(self) -> None:
        """Nothing is left: Optuna works the frontier out."""

    @property
    def look(self) -> str:
        """The dashboard's command."""
        return f"optuna-dashboard {self.place}"

    def close(self) -> None:
        """Gives the connection back."""
        self._storage.remove_session()

    def _frozen(self, record: TrialRecord, *, two_objectives: bool) -> "FrozenTrial":
        """The trial as it is now.

        What was stopped early is complete with its best epoch, as on the frontier of the run; Optuna's Pareto front would
        leave pruned trials out.
        """
        from optuna.trial import TrialState, create_trial

        values, with_folds = None, self.state.folds > 1
        complete = ("completed",) if with_folds else ("completed", "stopped")
        if record.status in complete and record.value is not None:
            values = [record.value, record.size] if two_objectives else [record.value]
        constraints = None
        if two_objectives and record.value is not None and not record.objective.beats_baseline(record.value):
            constraints = {"better than the most frequent label": 1.0}  # above 0 is not met
        pruned = with_folds and record.status == "stopped"
        state = TrialState.FAIL if record.ended else TrialState.RUNNING
        state = TrialState.COMPLETE if values else TrialState.PRUNED if pruned else state
        found = _parameters(self._space, self.log.proposed[record.trial])
        trained = self.state.configurations[record.index] if with_folds else [record]
        attributes: dict[str, Any] = {_TRIAL: record.trial}
        if record.ended and two_objectives:  # once is enough: each takes as long as an epoch
            attributes |= {"status": record.status, "epochs": record.last_epoch, **best_figures(record)}
            attributes |= {"seconds": round(sum(one.seconds for one in trained), 3)}
        if record.error:
            attributes["error"] = record.error[:1000]
        trial = create_trial(
            state=state, values=values, params={name: value for name, (value, _) in found.items()},
            distributions={name: one for name, (_, one) in found.items()}, user_attrs=attributes,
            intermediate_values=_curve(record, record.epochs), constraints=constraints,
        )  # fmt: skip
        started = self.log.started.get(record.trial)
        ended = max((self.log.ended[one.trial] for one in trained), default=None) if record.ended else None
        trial.datetime_start = None if started is None else datetime.fromtimestamp(started)
        trial.datetime_complete = None if ended is None else datetime.fromtimestamp(ended)
        return trial


def _known_trials(storage: "BaseStorage", study: int) -> dict[str, _Known]:
    """The trials of a study that are of the run, by their ids there."""
    found = [trial for trial in storage.get_all_trials(study) if _TRIAL in trial.user_attrs]
    return {trial.user_attrs[_TRIAL]: _Known.of(trial._trial_id, trial) for trial in found}


def _curve(record: TrialRecord, epochs: list[EpochEnded]) -> dict[int, float]:
    found = {record.step_of(epoch): epoch.metrics.get(record.objective.name) for epoch in epochs}
    return {step: value for step, value in found.items() if value is not None}


def _parameters(
    space: "Mapping[str, BaseDistribution]", config: Mapping[str, Any]
) -> dict[str, tuple[Any, "BaseDistribution"]]:
    """The hyperparameters that were chosen, with what they were chosen from; those that follow from others are left out.

    A number that a warm start brought from outside the space is a range of its own.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, tuple[Any, BaseDistribution]] = {}
    for name, value in config.items():
        known = space.get(name)
        if isinstance(known, CategoricalDistribution):
            if value in known.choices:
                found[name] = value, known
        elif known is not None and known._contains(known.to_internal_repr(value)):
            found[name] = value, known
        elif isinstance(known, IntDistribution):
            found[name] = value, IntDistribution(value, value, log=known.log)
        elif isinstance(known, FloatDistribution):
            found[name] = value, FloatDistribution(value, value, log=known.log)
    return found


def _study(
    storage: "BaseStorage", name: str, identity: str, objectives: "dict[str, Literal['minimize', 'maximize']]"
) -> int:
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # names of metrics
        study = optuna.create_study(
            study_name=name, storage=storage, directions=list(objectives.values()), load_if_exists=True
        )
        study.set_metric_names(list(objectives))
    study.set_user_attr(_RUN, identity)
    return study._study_id


def _free_names(storage: "BaseStorage", name: str, identity: str) -> tuple[str, str]:
    """Names of the studies that are this run's, or nobody's."""
    owners = {
        study.study_name: storage.get_study_user_attrs(study._study_id).get(_RUN) for study in storage.get_all_studies()
    }
    for base in (name, f"{name}-{identity[:6]}"):
        names = base, f"{base}-metric"
        if all(owners.get(one, identity) == identity for one in names):
            return names
    return f"{name}-{identity}", f"{name}-{identity}-metric"
