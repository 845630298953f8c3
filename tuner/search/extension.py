"""More trials for a search that has begun."""

from tuner.errors import InputError
from tuner.runs.settings import SearchSettings
from tuner.search.plan import build_searcher, preview
from tuner.search.searchers.grid_search import GridSearcher


def extended(settings: SearchSettings, trials: int) -> SearchSettings:
    """The settings of the same search with so many trials in all: those that it has, and further indices.

    Raises:
        InputError: where the search cannot have so many.
    """
    name, now = settings.name, settings.trials
    if trials <= now:
        raise InputError(f"--trials {trials}: {name} has {now} already; give the number that it is to have in all")
    if settings.scheduler.name in ("hyperband", "pbt"):
        raise InputError(
            f"--trials {trials}: {settings.scheduler.name} lays a search out for its number of trials ({now}); start another "
            f"search with --warm-start {name}"
        )
    if settings.searcher == "grid":
        points = _points(settings)
        if trials > points:
            left = f"has {points} points" if now < points else f"is done, all {points} points of it"
            raise InputError(f"--trials {trials}: the grid of {name} {left}; start another search with more values")
    longer = settings.model_copy(update={"trials": trials})
    preview(longer)
    return longer


def _points(settings: SearchSettings) -> int:
    """Trials that a grid search can have: its first guesses, and the points of the grid."""
    searcher = build_searcher(settings.model_copy(update={"guesses": ()}))
    return len(searcher) + len(settings.guesses) if isinstance(searcher, GridSearcher) else len(settings.guesses)
