"""From settings to the parts of a search, the same for a new one and for one that is resumed."""

from dataclasses import dataclass

from search_spaces.config import TrialConfig
from tuner.models.counting import ParameterCount, count_parameters
from tuner.models.network_spec import Network, network_of
from tuner.runs.settings import SearchSettings
from tuner.search.schedulers.asha import Asha
from tuner.search.schedulers.scheduler import RunToTheEnd, Scheduler
from tuner.search.searchers.grid_search import GridSearcher
from tuner.search.searchers.random_search import RandomSearcher
from tuner.search.searchers.searcher import Searcher


@dataclass(frozen=True)
class Plan:
    """How many trials of how many epochs, and what a configuration costs on these data."""

    trials: int
    epochs: int
    vocabulary_size: int
    classes: int
    max_params: int | None
    vectors_width: int | None = None

    def network(self, config: TrialConfig) -> Network:
        """The network that a configuration means on these data."""
        return network_of(
            config,
            vocabulary_size=self.vocabulary_size,
            classes=self.classes,
            vectors_width=self.vectors_width,
        )

    def count(self, config: TrialConfig) -> ParameterCount:
        """Its exact parameter count."""
        return count_parameters(self.network(config))

    def fits(self, config: TrialConfig) -> bool:
        """Whether it is within the budget of parameters."""
        return self.max_params is None or self.count(config).total <= self.max_params


def plan_of(settings: SearchSettings) -> Plan:
    """The plan that ``search.yaml`` describes."""
    return Plan(
        trials=settings.trials,
        epochs=settings.epochs,
        vocabulary_size=settings.data.vocabulary_size,
        classes=len(settings.data.label_names),
        max_params=settings.max_params,
        vectors_width=settings.vectors.width if settings.vectors else None,
    )


def build_searcher(settings: SearchSettings) -> Searcher:
    """The searcher that ``search.yaml`` names.

    Raises:
        InputError: where it cannot handle the space, or nothing of the space fits the budget.
    """
    plan, space = plan_of(settings), settings.resolved_space()
    if settings.searcher == "grid":
        return GridSearcher(space, fits=plan.fits)
    return RandomSearcher(space, seed=settings.seed, fits=plan.fits)


def build_scheduler(settings: SearchSettings) -> Scheduler:
    """A fresh scheduler as ``search.yaml`` names it."""
    if settings.scheduler.name == "none":
        return RunToTheEnd()
    return Asha(
        max_epochs=settings.epochs,
        grace_period=settings.scheduler.grace_period,
        reduction_factor=settings.scheduler.reduction_factor,
    )
