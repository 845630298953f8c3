"""Optuna's tree-structured Parzen estimator, for accuracy or for the frontier."""

import math
from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from search_spaces.config import CombinationError, Config
from search_spaces.domains import Value
from search_spaces.optuna_bridge import distributions, suggest
from search_spaces.space import Space
from tuner.errors import InputError
from tuner.runs.search_state import TrialRecord
from tuner.search.searchers.random_search import RandomSearcher
from tuner.search.searchers.searcher import STARTUP_TRIALS, Fits, SearcherSpec

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

_ASKED = 200


class OptunaSearcher:
    """Tells Optuna all that is known and asks for one more trial, with a generator that is the trial's own.

    Trials that were stopped are told as what they are. With one objective they are pruned trials with their curves; with
    two, where Optuna knows no pruning, they are trials that violate a constraint, by the share of epochs that they lack.
    Either way those that came farther count as better, and none of them as good as one that was completed. Diverged trials
    are the worst of them, failed ones tell nothing, and those still at work are assumed to be bad (a constant liar).
    """

    def __init__(
        self, space: Space, *, seed: int, fits: Fits, epochs: int, objective: Literal["metric", "frontier"]
    ) -> None:
        """Takes what there is to know before the first trial.

        Args:
            space: what to choose from.
            fits: the budget of parameters; what does not fit is asked for again.
            epochs: most epochs of a trial.
            objective: accuracy alone, or accuracy against the logarithm of the parameters.

        Raises:
            InputError: where hyperparameters follow from variables, of which a trial keeps no record.
        """
        if space.variables:
            raise InputError(
                f"the space {space.name} makes hyperparameters of {', '.join(space.variables)}, which trials do not record, so "
                "Optuna cannot learn from them; use `searcher='random'` or grid",
                option="searcher",
                value="optuna",
            )
        self._space = space
        self._seed = seed
        self._fits = fits
        self._epochs = epochs
        self._objective = objective
        self._random = RandomSearcher(space, seed=seed, fits=fits)

    def propose(self, index: int, trials: Collection[TrialRecord]) -> Config:
        """The next configuration; random until ten trials have ended or paused.

        Raises:
            InputError: where Optuna proposes nothing that fits the budget.
        """
        if sum(record.ended or record.paused for record in trials) < STARTUP_TRIALS:
            return self._random.propose(index, trials)
        from optuna.samplers import TPESampler
        from optuna.trial import TrialState

        study = self._study(trials)
        for draw in range(_ASKED):
            seed = int(np.random.SeedSequence([self._seed, index, draw]).generate_state(1)[0])
            study.sampler = TPESampler(seed=seed, n_startup_trials=0)
            asked = study.ask()
            config = self._meant(suggest(self._space, asked))
            if config is not None and self._fits(config):
                return config
            study.tell(asked, state=TrialState.FAIL)
        raise InputError(
            f"none of {_ASKED} configurations that Optuna proposed for the space {self._space.name} fits; raise it, choose "
            "smaller values with `settings`, or use `searcher='random'`",
            option="max_params",
        )

    def _meant(self, values: Mapping[str, Value]) -> Config | None:
        """The configuration, None where the values mean nothing together; random draws that did were found before the start."""
        try:
            return self._space.config(values)
        except CombinationError:
            return None

    def _study(self, trials: Collection[TrialRecord]) -> "Study":
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        directions: list[Literal["maximize", "minimize"]] = (
            ["maximize"] if self._objective == "metric" else ["maximize", "minimize"]
        )
        study = optuna.create_study(directions=directions)
        study.add_trials([self._told(record) for record in trials])
        return study

    def _told(self, record: TrialRecord) -> "FrozenTrial":
        from optuna.trial import TrialState, create_trial

        params = self._space.values(record.config)
        known = distributions(self._space)
        tell = partial(create_trial, params=params, distributions={name: known[name] for name in params})
        if record.status == "failed":
            return tell(state=TrialState.FAIL)
        if not (record.ended or record.paused):
            return tell(state=TrialState.RUNNING)
        if self._objective == "frontier":
            lacking = {"completed": 0.0, "diverged": 1.0}.get(record.status, 1 - record.last_epoch / self._epochs)
            values = [record.score or 0.0, math.log10(record.size)]
            return tell(values=values, constraints={"epochs lacking": lacking})
        if record.status == "completed":
            return tell(value=record.score)
        epochs = [] if record.status == "diverged" else record.epochs
        curve = {step: record.objective.score(event.metrics) or 0.0 for step, event in enumerate(epochs, start=1)}
        return tell(state=TrialState.PRUNED, intermediate_values=curve)


SPECS = {"optuna": SearcherSpec(OptunaSearcher, learns=True, settings=("epochs", "objective"))}
