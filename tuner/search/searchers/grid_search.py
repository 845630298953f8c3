"""Grid search: every configuration of a finite space, once."""

from collections.abc import Collection

from search_spaces.own_config import Config
from search_spaces.space import Space
from tuner.errors import InputError
from tuner.runs.ledger import TrialRecord
from tuner.search.searchers.searcher import Fits


class GridSearcher:
    """The points of the space in order, the last parameter varying fastest; those beyond the budget are left out."""

    def __init__(self, space: Space, *, fits: Fits) -> None:
        """Lists the grid.

        Raises:
            InputError: where the space has a continuous range, or nothing fits.
        """
        continuous = space.continuous()
        if continuous:
            raise InputError(
                f"--searcher grid: {', '.join(continuous)} of space {space.name} has no finite list of values; "
                f"give one with --set {continuous[0]}=VALUE,VALUE or use --searcher random"
            )
        self._points = [config for config in space.grid() if fits(config)]
        if not self._points:
            raise InputError(
                f"--max-params: none of the {space.grid_size()} points of the space {space.name} fits; raise it or choose "
                "smaller values with --set"
            )

    def __len__(self) -> int:
        """Number of points within the budget."""
        return len(self._points)

    def propose(self, index: int, trials: Collection[TrialRecord] = ()) -> Config:
        """Point ``index``, whatever is known of other trials.

        Raises:
            IndexError: beyond the last point; a grid search has as many trials as points.
        """
        return self._points[index]
