"""A search of given configurations with the data and settings of an earlier run: larger networks that its frontier predicts."""

import time
from collections.abc import Sequence
from pathlib import Path

from search_spaces.config import TrialConfig
from tuner.runs.folder import check_new_run
from tuner.runs.settings import SchedulerSettings, SearchSettings
from tuner.search.plan import preview
from tuner.search.prepare import PreparedSearch, prepare_again, versions, with_data_at, with_same_folds


def prepare_scaled(
    settings: SearchSettings,
    configs: Sequence[TrialConfig],
    runs_dir: Path,
    *,
    name: str | None,
    data: str | None,
    no_cache: bool,
) -> PreparedSearch:
    """The search of these configurations alone. Reads the data, writes nothing.

    Its settings are those of the run, but for what was for smaller networks (the budget of parameters, and the share of a
    GPU, which becomes a whole one) and the scheduler: each of these few is of another size, none is to stop for another.
    Trackers are not told of it.

    Args:
        settings: of the earlier run, of built-in networks.
        configs: the first and only points.
        runs_dir: where the new run is to lie.
        name: of the new run, None for ``<run>-scaled``.
        data: another place of the data, None for the recorded one.
        no_cache: read and encode the data anew.

    Raises:
        InputError: where there is a run of the name, or the data are gone or have changed.
    """
    name = name or f"{settings.name}-scaled"
    check_new_run(runs_dir, name)
    resources = settings.resources
    if resources.gpu_sharing is not None:
        resources = resources.model_copy(update={"gpu_sharing": None, "gpus_per_trial": 1.0})
    settings = with_data_at(settings, data)
    prepared = with_same_folds(prepare_again(settings, no_cache=no_cache), settings)
    scaled = settings.model_copy(
        update={
            "name": name,
            "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "trials": len(configs) * settings.repeats * settings.fold_count,
            "warm_start": settings.name,
            "points_to_evaluate": tuple(config.model_dump() for config in configs),
            "portfolio": 0,
            "by_turns": 0,
            "stop_when_stable": False,
            "max_params": settings.resolved_space().max_params,
            "scheduler": SchedulerSettings(name="none"),
            "resources": resources,
            "track": (),
            "versions": versions(with_folds=settings.folds is not None),
        }
    )
    preview(scaled)
    return PreparedSearch(scaled, prepared)
