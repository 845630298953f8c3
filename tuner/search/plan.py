"""From settings to the parts of a search, the same for a new one and for one that is resumed."""

from collections.abc import Sized
from dataclasses import dataclass
from typing import cast

from search_spaces.config import Config, CustomConfig, TrialConfig
from search_spaces.families import BUILT_IN, ModelFamily
from tuner.metrics import ACCURACY, Objective
from tuner.models.counting import ParameterCount, count_parameters
from tuner.models.memory import TrainingMemory, training_memory
from tuner.models.network_spec import Network, network_of
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings
from tuner.search.registry import scheduler_spec, searcher_spec
from tuner.search.schedulers.options import in_reports
from tuner.search.schedulers.scheduler import Scheduler
from tuner.search.searchers.searcher import PointsFirst, Repeated, Searcher


@dataclass(frozen=True)
class Plan:
    """How many trials of how many epochs, and what a configuration costs on these data."""

    trials: int
    epochs: int
    vocabulary_size: int
    classes: int
    max_params: int | None
    objective: Objective = ACCURACY
    patience: int | None = None
    """Epochs without a better accuracy after which a trial is complete; None: it trains to its last epoch."""
    reports_per_epoch: int = 1
    """Parts of an epoch after each of which a trial reports."""
    vectors_width: int | None = None
    family: ModelFamily = BUILT_IN
    """Of the models that trials are of."""
    folds: int = 1
    """Trials of a configuration, each validated on a fold; 1 without folds."""
    repeats: int = 1
    """Trials of a configuration in a row, from different seeds."""
    stop_when_stable: bool = False
    """Whether no more configurations are proposed once going on is expected to add too little."""

    def network(self, config: TrialConfig) -> Network:
        """The network that a configuration means on these data."""
        return network_of(
            config,
            vocabulary_size=self.vocabulary_size,
            classes=self.classes,
            vectors_width=self.vectors_width,
        )

    def count(self, config: Config) -> ParameterCount | None:
        """Its exact parameter count; None of a custom model, which is counted where it is built."""
        return None if isinstance(config, CustomConfig) else count_parameters(self.network(config))

    def memory(self, config: Config, *, length: int) -> TrainingMemory | None:
        """What training it takes, with batches of at most ``length`` tokens a text; None of a custom model."""
        return (
            None if isinstance(config, CustomConfig) else training_memory(self.network(config), config, length=length)
        )

    def fits(self, config: Config) -> bool:
        """Whether it is within the budget of parameters, which is for the built-in networks alone."""
        count = None if self.max_params is None else self.count(config)
        return self.max_params is None or count is None or count.total <= self.max_params


def plan_of(settings: SearchSettings) -> Plan:
    """The plan that ``search.yaml`` describes."""
    return Plan(
        trials=settings.trials,
        epochs=settings.epochs,
        vocabulary_size=settings.data.vocabulary_size,
        classes=len(settings.data.label_names),
        max_params=settings.max_params,
        objective=settings.pursued,
        patience=settings.patience,
        reports_per_epoch=settings.reports_per_epoch,
        vectors_width=settings.vectors.width if settings.vectors else None,
        family=settings.family,
        folds=settings.fold_count,
        repeats=settings.repeats,
        stop_when_stable=settings.stop_when_stable,
    )


def build_searcher(settings: SearchSettings) -> Searcher:
    """The searcher that ``search.yaml`` names, behind the points to evaluate first.

    Raises:
        InputError: where it cannot handle the space, or nothing of the space fits the budget.
    """
    recorded = settings.family.config
    points = [recorded(point) for point in settings.points_to_evaluate]
    searcher = _searcher_alone(settings)
    searcher = PointsFirst(points, searcher, by_turns=settings.by_turns) if points else searcher
    return Repeated(searcher, settings.repeats, recorded) if settings.repeats > 1 else searcher


def grid_points(settings: SearchSettings) -> int | None:
    """Points within the budget that a grid search has, those to evaluate first left out; None of other searches.

    Raises:
        InputError: where the space is no grid, or nothing of it fits.
    """
    return len(cast("Sized", _searcher_alone(settings))) if searcher_spec(settings.searcher).is_finite else None


def _searcher_alone(settings: SearchSettings) -> Searcher:
    spec, plan = searcher_spec(settings.searcher), plan_of(settings)
    others = {name: plan if name == "plan" else getattr(settings, name) for name in spec.settings}
    return spec.build(settings.resolved_space(), seed=settings.seed, fits=plan.fits, **others)


def preview(settings: SearchSettings) -> list[Config]:
    """What the trials may be, before there are any, with folds one for each.

    For searchers that learn, random draws stand for what they will propose.

    Raises:
        InputError: where nothing of the space fits the budget.
    """
    learns = searcher_spec(settings.searcher).learns
    searcher = build_searcher(settings.model_copy(update={"searcher": "random"}) if learns else settings)
    proposed = [searcher.propose(index, ()) for index in range(settings.trials // settings.fold_count)]
    return [config for config in proposed for _ in range(settings.fold_count)]


def built_in_networks(settings: SearchSettings) -> list[TrialConfig]:
    """Of ``preview``, those that are the built-in networks and no user's custom model: all or none."""
    return [config for config in preview(settings) if isinstance(config, TrialConfig)]


def build_scheduler(settings: SearchSettings, search_state: SearchState) -> Scheduler:
    """A fresh scheduler as ``search.yaml`` names it. With folds it compares the trials on the first of them.

    Args:
        search_state: where population based training finds the configurations of its sources.
    """
    return scheduler_spec(settings.scheduler.name).build(as_compared(settings), search_state)


def as_compared(settings: SearchSettings) -> SearchSettings:
    """The settings as a scheduler counts: reports in the place of epochs, and the trials alone that it compares, which are one
    of each configuration where there are folds."""
    return settings.model_copy(
        update={
            "trials": settings.trials // settings.fold_count,
            "epochs": settings.epochs * settings.reports_per_epoch,
            "scheduler": in_reports(settings.scheduler, settings.reports_per_epoch),
        }
    )
