"""KerasTuner's Bayesian optimization: a Gaussian process over the unit cube of the hyperparameters."""

import os
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from search_spaces.config import CombinationError, Config
from search_spaces.domains import Value
from search_spaces.keras_tuner_bridge import to_hyperparameters
from search_spaces.space import Space
from tuner.errors import InputError
from tuner.quiet import quiet_stderr
from tuner.runs.search_state import TrialRecord
from tuner.search.searchers.random_search import RandomSearcher
from tuner.search.searchers.searcher import STARTUP_TRIALS, Fits, SearcherSpec

if TYPE_CHECKING:
    from keras_tuner.engine.trial import Trial
    from keras_tuner.oracles import BayesianOptimizationOracle

_ASKED = 5


class BayesianSearcher:
    """Tells KerasTuner's oracle all that is known and asks for one more trial.

    The oracle maximizes accuracy. It knows no stopping: stopped trials count with the best accuracy that they reached,
    diverged ones with none. Trials at work are given the oracle's own pessimistic guess, its remedy against proposing a
    point twice. A proposal that is beyond the budget of parameters, or means
    nothing, is told as a trial of no accuracy, and the oracle is asked again.
    """

    def __init__(self, space: Space, *, seed: int, fits: Fits) -> None:
        """Takes what there is to know before the first trial.

        Args:
            space: what to choose from.
            fits: the budget of parameters.

        Raises:
            InputError: where the space has conditions or formulas, which a process over fixed axes cannot model.
        """
        if space.conditional or space.variables:
            raise InputError(
                f"the space {space.name} has conditions or formulas, which a Gaussian process over fixed axes cannot model; "
                "use `searcher='random'` or grid, or optuna where there are conditions alone",
                option="searcher",
                value="bayesian",
            )
        self._space = space
        self._seed = seed
        self._fits = fits
        self._random = RandomSearcher(space, seed=seed, fits=fits)

    def propose(self, index: int, trials: Collection[TrialRecord]) -> Config:
        """The next configuration; random until ten trials have ended or paused, and where the oracle misses the budget."""
        known = [record for record in trials if record.ended or record.paused]
        if len(known) < STARTUP_TRIALS:
            return self._random.propose(index, trials)
        oracle = self._oracle(index)
        for record in known:
            if record.status != "failed":
                self._tell(oracle, record.trial, self._values(record), record.score or 0.0)
        with _no_word_of_convergence():
            self._fit(oracle)
        for record in trials:
            if not (record.ended or record.paused):
                oracle.ongoing_trials[record.trial] = self._tell(oracle, record.trial, self._values(record), None)
        for attempt in range(_ASKED):
            with _no_word_of_convergence():
                values = oracle.populate_space(f"{index}")["values"]
            try:
                config = self._space.config(values)
            except CombinationError:
                config = None
            if config is not None and self._fits(config):
                return config
            self._tell(oracle, f"refused {attempt}", values, 0.0)
        return self._random.propose(index, trials)

    def _values(self, record: TrialRecord) -> dict[str, Value]:
        return self._space.values(record.config)

    @staticmethod
    def _fit(oracle: "BayesianOptimizationOracle") -> None:
        """Fits the process to what is known, as an oracle's that was asked before is: it guesses the running trials by it."""
        free = [axis for axis in oracle.hyperparameters.space if type(axis).__name__ != "Fixed"]
        told = list(oracle.trials.values())
        if free and told:
            points = [[axis.value_to_prob(trial.hyperparameters.values[axis.name]) for axis in free] for trial in told]
            oracle.gpr.fit(np.array(points), np.array([-trial.score for trial in told]))

    def _oracle(self, index: int) -> "BayesianOptimizationOracle":
        # The driver needs none of TensorFlow, which comes along with KerasTuner, and nobody needs its greeting.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with quiet_stderr():
            from keras_tuner import Objective
            from keras_tuner.oracles import BayesianOptimizationOracle

        return BayesianOptimizationOracle(
            objective=Objective("score", "max"),
            num_initial_points=1,
            seed=int(np.random.SeedSequence([self._seed, index]).generate_state(1)[0]),
            hyperparameters=to_hyperparameters(self._space),
            allow_new_entries=False,
            tune_new_entries=False,
        )

    def _tell(
        self, oracle: "BayesianOptimizationOracle", name: str, values: Mapping[str, Any], accuracy: float | None
    ) -> "Trial":
        """Adds a trial to the oracle's; one without an accuracy is still running."""
        from keras_tuner.engine.trial import Trial, TrialStatus

        hyperparameters = to_hyperparameters(self._space)
        hyperparameters.values = dict(values)
        trial = Trial(hyperparameters, trial_id=name, status=TrialStatus.RUNNING)
        if accuracy is not None:
            trial.score, trial.status = accuracy, TrialStatus.COMPLETED
        oracle.trials[name] = trial
        return trial


@contextmanager
def _no_word_of_convergence() -> Iterator[None]:
    """A length scale at its bound means that a hyperparameter makes no difference: nothing that a user could fix."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=ConvergenceWarning)
        yield


SPECS = {"bayesian": SearcherSpec(BayesianSearcher, learns=True)}
