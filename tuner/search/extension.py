"""More trials for a search that has begun."""

from tuner.errors import InputError
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings
from tuner.search.plan import grid_points, preview
from tuner.search.registry import scheduler_spec


def extended(settings: SearchSettings, trials: int, known: SearchState) -> SearchSettings:
    """The settings of the same search with so many trials (configurations, where each has several) in all.

    A search that ended as stable has those alone that it began with.

    Raises:
        InputError: where the search cannot have so many.
    """
    name, now = settings.name, settings.configurations
    if known.stable is not None:
        now = len(known.configurations) // settings.repeats
    if trials <= now:
        raise InputError(
            f"{name} has {now} already; give the number that it is to have in all", option="trials", value=trials
        )
    if scheduler_spec(settings.scheduler.name).fixes_trials:
        raise InputError(
            f"{settings.scheduler.name} lays a search out for its number of trials ({now}); start another search with "
            f"`warm_start={name!r}`",
            option="trials",
            value=trials,
        )
    points = grid_points(settings)
    if points is not None:
        points += len(settings.points_to_evaluate)
        if trials > points:
            left = f"has {points} points" if now < points else f"is done, all {points} points of it"
            raise InputError(
                f"the grid of {name} {left}; start another search with more values", option="trials", value=trials
            )
    longer = settings.model_copy(update={"trials": trials * settings.repeats * settings.fold_count})
    preview(longer)
    return longer
