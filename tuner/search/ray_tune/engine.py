"""Runs a conducted search on Ray Tune."""

import math
import os
import tempfile
from collections.abc import Callable
from typing import Any

from tuner.data.encoded import EncodedSplits
from tuner.runs.settings import ResourceSettings, SearchSettings
from tuner.runs.store import RunStore
from tuner.search.conductor import Conductor
from tuner.search.ray_tune.cluster import ClusterResources


def run_on_ray(
    conductor: Conductor,
    settings: SearchSettings,
    store: RunStore,
    data: EncodedSplits,
    resources: ClusterResources,
    *,
    on_step: Callable[[], None],
) -> None:
    """Lets Ray Tune run trials until the conductor has no more. Ray must be connected.

    What ``on_step`` raises passes through; the caller then shuts Ray down, which ends the workers at once.
    """
    from tuner.search.ray_tune.adapters import ConductorCallback, ConductorScheduler, ConductorSearcher
    from tuner.search.ray_tune.trainable import TrialTrainable

    run_trials(
        TrialTrainable,
        {**worker_parameters(settings, data), "states": store.states()},
        searcher=ConductorSearcher(conductor),
        scheduler=ConductorScheduler(conductor),
        callback=ConductorCallback(conductor, on_step),
        asked=settings.resources,
        there=resources,
    )


def worker_parameters(settings: SearchSettings, data: EncodedSplits) -> dict[str, Any]:
    """What ``TrialTrainable.setup`` takes beside states."""
    return {
        "arrays": data.as_arrays(),
        "vocabulary_size": settings.data.vocabulary_size,
        "classes": len(settings.data.label_names),
        "epochs": settings.epochs,
        "seed": settings.seed,
        "threads": max(1, math.floor(settings.resources.cpus_per_trial)),
    }


def run_trials(
    trainable: Any,
    parameters: dict[str, Any],
    *,
    searcher: Any,
    scheduler: Any,
    callback: Any,
    asked: ResourceSettings,
    there: ClusterResources,
) -> None:
    """Lets Ray Tune run what the searcher proposes in warm workers, until it has no more.

    Args:
        trainable: a class that can be reused.
        parameters: of its ``setup``; arrays in them go to the object store.
        searcher: says what runs next, and when there is no more.
        scheduler: says when something ends.
        callback: hears of starts and failures.
        asked: resources of a trial, and how many run at once.
        there: what the cluster has.
    """
    # As many trials wait as run: a worker that ends one finds the next there, and is kept for it.
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(asked.concurrency)
    from ray import tune
    from ray.tune.search import ConcurrencyLimiter

    if not there.is_local:  # a local Ray offers just as many processors as there are to be trials at once
        searcher = ConcurrencyLimiter(searcher, max_concurrent=asked.concurrency)
    with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as scratch:
        tune.run(
            tune.with_resources(
                tune.with_parameters(trainable, **parameters),
                {"cpu": asked.cpus_per_trial, "gpu": asked.gpus_per_trial},
            ),
            name="search",
            storage_path=scratch,
            num_samples=-1,  # the searcher says when there are no more
            search_alg=searcher,
            scheduler=scheduler,
            callbacks=[callback],
            reuse_actors=True,
            raise_on_failed_trial=False,
            verbose=0,
        )
