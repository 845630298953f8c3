"""Grid search: every configuration of a finite space, once."""

from collections.abc import Collection

import numpy as np

from search_spaces.config import Config
from search_spaces.space import Space
from tuner.errors import InputError
from tuner.runs.search_state import TrialRecord
from tuner.search.searchers.searcher import Fits, SearcherSpec


class GridSearcher:
    """The points of the space that fit the budget, in an order drawn by the search seed.

    Whenever a search ends it then has a fair sample of its grid, and early stopping compares trials of all corners: in the
    order of the parameters the first dozens would share an optimizer, and the best of a bad lot would be trained to the end.
    """

    def __init__(self, space: Space, *, seed: int, fits: Fits) -> None:
        """Lists the grid and shuffles it by the search seed (non-negative).

        Raises:
            InputError: where the space has a continuous range, or nothing fits.
        """
        continuous = space.continuous()
        if continuous:
            raise InputError(
                f"{', '.join(continuous)} of space {space.name} has no finite list of values; give one with "
                f"`settings='{continuous[0]}=VALUE,VALUE'` or use `searcher='random'`",
                option="searcher",
                value="grid",
            )
        points = [config for config in space.grid() if fits(config)]
        if not points:
            raise InputError(
                f"none of the {space.grid_size()} points of the space {space.name} fits; raise it or choose smaller values "
                "with `settings`",
                option="max_params",
            )
        self._points: list[Config] = [points[place] for place in np.random.default_rng(seed).permutation(len(points))]

    def __len__(self) -> int:
        return len(self._points)

    def propose(self, index: int, trials: Collection[TrialRecord] = ()) -> Config:
        """Point ``index``, whatever is known of other trials.

        Raises:
            IndexError: beyond the last point; a grid search has as many trials as points.
        """
        return self._points[index]


SPECS = {"grid": SearcherSpec(GridSearcher, is_finite=True)}
