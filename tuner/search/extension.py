"""More trials for a search that has begun."""

from tuner.errors import InputError
from tuner.runs.settings import SearchSettings
from tuner.search.plan import grid_points, preview


def extended(settings: SearchSettings, trials: int) -> SearchSettings:
    """The settings of the same search with so many trials (configurations, where each is repeated) in all.

    Raises:
        InputError: where the search cannot have so many.
    """
    name, now = settings.name, settings.trials // settings.repeats
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
    longer = settings.model_copy(update={"trials": trials * settings.repeats})
    preview(longer)
    return longer


def _points(settings: SearchSettings) -> int:
    """Trials that a grid search can have: its first guesses, and the points of the grid."""
    return (grid_points(settings) or 0) + len(settings.guesses)
