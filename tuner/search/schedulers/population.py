"""Population based training: weak trials copy strong ones and explore from there."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from search_spaces.space import Space
from tuner.errors import InputError
from tuner.formatting import counted
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings
from tuner.search.schedulers.scheduler import (
    Continuation,
    Decision,
    Metrics,
    Scheduler,
    SchedulerSpec,
    in_epochs,
    resolved,
)

PERTURBED = ("learning_rate", "dropout", "l2")
"""Hyperparameters that may change while a network trains."""

_TRAINING = frozenset(
    {
        *PERTURBED,
        *("embedding_dropout", "l1", "optimizer", "momentum", "weight_decay", "gradient_clip_norm"),
        *("batch_size", "batch_tokens", "class_weights", "label_smoothing", "focal_gamma"),
    }
)

_RESAMPLED = 0.25
_FACTORS = (0.8, 1.2)


def perturbed(space: Space, config: Mapping[str, Any], generator: np.random.Generator) -> dict[str, Any]:
    """New values for what the space varies among ``PERTURBED``.

    With probability 1/4 a value is drawn anew from its domain; else it is multiplied by 0.8 or 1.2 and kept within the
    domain's bounds, or moved to a neighbour in a list (Jaderberg et al. 2017, arXiv 1711.09846, section 4).

    Args:
        space: where domains and bounds come from.
        config: the source's hyperparameters.
        generator: what chance there is.
    """
    changes = {}
    for name in perturbable(space):
        domain = space.parameters[name]
        if generator.random() < _RESAMPLED:
            changes[name] = domain.sample(generator)
        elif (listed := domain.grid()) is not None:
            values = sorted(listed)
            at = values.index(config[name]) + int(generator.choice((-1, 1)))
            changes[name] = values[min(max(at, 0), len(values) - 1)]
        else:
            low, high = domain.bounds()
            changes[name] = min(max(config[name] * float(generator.choice(_FACTORS)), low), high)
    return changes


def perturbable(space: Space) -> tuple[str, ...]:
    """Names of the hyperparameters that the space varies, under no condition, and that may change while a network trains."""
    return tuple(name for name in PERTURBED if name in space.varying() and name not in space.conditions)


def shapes_the_network(name: str) -> bool:
    """Whether two networks that differ in this hyperparameter may have weights of different shapes."""
    return name not in _TRAINING


Perturb = Callable[[str, np.random.Generator], Mapping[str, Any]]
"""From a source's id to the hyperparameters, its own ones perturbed, with which another trial goes on from its state."""

_QUARTER = 4
# Of a generation, how many must have come before it closes: waiting for the slowest would leave most places idle.
_QUORUM = 0.75

SMALLEST_POPULATION = 4
"""Fewer have no quarters."""


class PopulationBasedTraining(Scheduler):
    """Trains all trials for an interval of epochs, generation after generation; then the worst quarter copies weights,
    optimizer and hyperparameters of the best quarter, the latter perturbed.

    A generation closes when a place is free, no trial of it is left to start, and three quarters of the population have come:
    with at most a quarter as many places as trials, no place ever waits. Trials that are still running then take no part in
    the exchange and go on as they are. Those that copy go on before their sources do, so a source's state is still the
    one that was compared.
    """

    pauses = True

    def __init__(self, *, interval: int, seed: int, perturb: Perturb) -> None:
        """Sets up the first generation.

        Args:
            interval: epochs between exchanges, at least 1.
            seed: of the exchanges and the order in which the others go on.
            perturb: says with which hyperparameters a trial goes on.

        Raises:
            ValueError: where the interval is below 1.
        """
        if interval < 1:
            raise ValueError(f"the perturbation interval must be at least 1; received {interval}")
        self._interval = interval
        self._seed = seed
        self._perturb = perturb
        self._closed_epoch = 0
        self._population: set[str] = set()
        self._paused: dict[str, float] = {}
        self._queue: list[Continuation] = []

    def add(self, trial: str) -> None:
        """The population grows."""
        self._population.add(trial)

    def report(self, trial: str, epoch: int, metrics: Metrics) -> Decision:
        """Pauses the trial after every interval. Trials are compared on the accuracy that they have now, not on their best."""
        if epoch % self._interval:
            return Decision.CONTINUE
        if epoch <= self._closed_epoch:
            self._queue.append(Continuation(trial))
        else:
            self._paused[trial] = metrics.score
        return Decision.PAUSE

    def ended(self, trial: str) -> None:
        """Takes the trial out of the population."""
        self._population.discard(trial)
        self._paused.pop(trial, None)
        self._queue = [waiting for waiting in self._queue if waiting.trial != trial]

    def next_continuation(self, *, new_trials_left: bool) -> Continuation | None:
        """The next of the generation; None while the population still grows or too many are at work."""
        if not self._queue and not new_trials_left and len(self._paused) >= _QUORUM * len(self._population):
            self._close_generation()
        return self._queue[0] if self._queue else None

    def continued(self, trial: str) -> None:
        """The trial has its place."""
        if not self._queue:
            self._close_generation()
        self._queue = [waiting for waiting in self._queue if waiting.trial != trial]

    def _close_generation(self) -> None:
        """Lets the paused trials exchange and queues them."""
        if not self._paused:
            return
        self._closed_epoch += self._interval
        generator = np.random.default_rng([self._seed, self._closed_epoch])
        members = sorted(self._paused)
        order = [members[i] for i in generator.permutation(len(members))]
        exchanges = self._exchanges(generator)
        self._queue = [*exchanges.values(), *(Continuation(trial) for trial in order if trial not in exchanges)]
        self._paused = {}

    def _exchanges(self, generator: np.random.Generator) -> dict[str, Continuation]:
        """Which trial copies which, by trial."""
        ranked = sorted(self._paused, key=lambda trial: (-self._paused[trial], trial))
        quarter = max(1, len(ranked) // _QUARTER) if len(ranked) > 1 else 0
        exchanges = {}
        for trial in ranked[len(ranked) - quarter :]:
            source = ranked[int(generator.integers(quarter))]
            exchanges[trial] = Continuation(trial, source, self._perturb(source, generator))
        return exchanges


def check_population(space: Space, trials: int) -> None:
    """Whether population based training can work on a space.

    Raises:
        InputError: where its networks differ, nothing that may change while a network trains varies, or they are too few.
    """
    shaping = [name for name in space.varying() if shapes_the_network(name)]
    if shaping:
        raise InputError(
            f"`scheduler='pbt'` copies weights between trials, so all need one network, and the space {space.name} varies "
            f"{', '.join(shaping)}; fix them with `settings`, for instance `settings='{shaping[0]}=VALUE'`"
        )
    if not perturbable(space):
        raise InputError(
            f"the space {space.name} varies none of {', '.join(PERTURBED)}, so there is nothing to perturb; give one a range, "
            "for instance in a space file learning_rate: {log_uniform: [0.001, 0.02]}",
            option="scheduler",
            value="pbt",
        )
    if trials < SMALLEST_POPULATION:
        raise InputError(
            f"`scheduler='pbt'` exchanges between quarters of a population; give at least {SMALLEST_POPULATION}",
            option="trials",
            value=trials,
        )


def _build(settings: SearchSettings, search_state: SearchState) -> PopulationBasedTraining:
    space = settings.resolved_space()
    return PopulationBasedTraining(
        interval=resolved(settings.scheduler.perturbation_interval),
        seed=settings.seed,
        perturb=lambda source, generator: perturbed(space, search_state.trials[source].config, generator),
    )


def _describe(settings: SearchSettings) -> str:
    interval = resolved(settings.scheduler.perturbation_interval)
    return f"pbt: every {counted(in_epochs(interval, settings), 'epoch')} the worst quarter copies the best"


SPECS = {
    "pbt": SchedulerSpec(
        _build,
        lambda settings: float(settings.epochs),
        _describe,
        options=frozenset({"perturbation_interval"}),
        fixes_trials=True,
        copies_weights=True,
        check=check_population,
    )
}
