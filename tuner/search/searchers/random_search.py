"""Random search: trial i is drawn from a generator of its own; the first is the network that we recommend."""

from collections.abc import Collection

import numpy as np

from search_spaces.config import Config
from search_spaces.space import Space
from tuner.errors import InputError
from tuner.runs.search_state import TrialRecord
from tuner.search.searchers.searcher import Fits, SearcherSpec

# A space of which less than one draw in two thousand fits the budget is one that the user did not mean.
_DRAWS = 2_000


class RandomSearcher:
    """Draws trials independently; what does not fit the budget is drawn again from the same trial's generator.

    Trial 0 has the default of every hyperparameter whose domain holds it, so that even a search of a few trials has a good
    network to compare with.
    """

    def __init__(self, space: Space, *, seed: int, fits: Fits) -> None:
        self._space = space
        self._seed = seed
        self._fits = fits

    def propose(self, index: int, trials: Collection[TrialRecord] = ()) -> Config:
        """A function of (seed, index) alone, whatever is known of other trials.

        Raises:
            InputError: where nothing that fits was drawn.
        """
        generator = np.random.default_rng([self._seed, index])
        for draw in range(_DRAWS):
            config = self._space.sample(generator, near_defaults=index == draw == 0)
            if self._fits(config):
                return config
        raise InputError(
            f"none of {_DRAWS} configurations drawn from the space {self._space.name} fits; raise it or choose smaller values "
            "with `settings`",
            option="max_params",
        )


SPECS = {"random": SearcherSpec(RandomSearcher)}
