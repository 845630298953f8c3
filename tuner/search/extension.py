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
        raise InputError(
            f"{name} has {now} already; give the number that it is to have in all", option="trials", value=trials
        )
    if settings.scheduler.name in ("hyperband", "pbt"):
        raise InputError(
            f"{settings.scheduler.name} lays a search out for its number of trials ({now}); start another search with "
            f"`warm_start={name!r}`",
            option="trials",
            value=trials,
        )
    if settings.searcher == "grid":
        points = _points(settings)
        if trials > points:
            left = f"has {points} points" if now < points else f"is done, all {points} points of it"
            raise InputError(
                f"the grid of {name} {left}; start another search with more values", option="trials", value=trials
            )
    longer = settings.model_copy(update={"trials": trials * settings.repeats})
    preview(longer)
    return longer


def _points(settings: SearchSettings) -> int:
    """Trials that a grid search can have: its first guesses, and the points of the grid."""
    return (grid_points(settings) or 0) + len(settings.guesses)
