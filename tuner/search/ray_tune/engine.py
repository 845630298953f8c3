"""Runs a conducted search on Ray Tune."""

import math
import os
import tempfile
from collections.abc import Callable

from tuner.data.encoded import EncodedSplits
from tuner.runs.settings import SearchSettings
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
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(_most_pending(settings))
    from ray import tune
    from ray.tune.search import ConcurrencyLimiter

    from tuner.search.ray_tune.adapters import ConductorCallback, ConductorScheduler, ConductorSearcher
    from tuner.search.ray_tune.trainable import TrialTrainable

    cpus, gpus = settings.resources.cpus_per_trial, settings.resources.gpus_per_trial
    trainable = tune.with_resources(
        tune.with_parameters(
            TrialTrainable,
            arrays=data.as_arrays(),
            vocabulary_size=settings.data.vocabulary_size,
            classes=len(settings.data.label_names),
            epochs=settings.epochs,
            seed=settings.seed,
            threads=max(1, math.floor(cpus)),
        ),
        {"cpu": cpus, "gpu": gpus},
    )
    searcher = ConductorSearcher(conductor, store.state)
    if not resources.is_local:  # a local Ray offers just as many processors as there are to be trials at once
        searcher = ConcurrencyLimiter(searcher, max_concurrent=settings.resources.concurrency)
    with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as scratch:
        tune.run(
            trainable,
            name="search",
            storage_path=scratch,
            num_samples=-1,  # the conductor says when there are no more
            search_alg=searcher,
            scheduler=ConductorScheduler(conductor),
            callbacks=[ConductorCallback(conductor, on_step)],
            reuse_actors=True,
            raise_on_failed_trial=False,
            verbose=0,
        )


def _most_pending(settings: SearchSettings) -> int:
    """Trials that wait for a worker: one that ends a trial finds the next there, and is kept for it.

    Where the next trial depends on what others report, only one waits: it was chosen before those reports came.
    """
    learns = settings.searcher in ("optuna", "bayesian")
    calls_back = settings.scheduler.promotion or settings.scheduler.name in ("hyperband", "pbt")
    return 1 if learns or calls_back else settings.resources.concurrency
