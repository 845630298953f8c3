"""Runs what a controller decides on Ray Tune: a search, a confirmation, or a distillation."""

import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from tuner.data.batches import buckets_of
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.data.soft_targets import SoftTargets
from tuner.metrics import Scorer
from tuner.runs.search_state import SearchState
from tuner.runs.settings import ResourceSettings, SearchSettings
from tuner.search.controller import SearchController
from tuner.search.custom_model import source_of
from tuner.search.plan import build_scheduler, plan_of
from tuner.search.ray_tune.capacity import Capacity
from tuner.search.registry import searcher_spec
from tuner.search.work_queue import QueueController


def run_on_ray(
    controller: SearchController | QueueController[Any, Any],
    settings: SearchSettings,
    data: EncodedSplits,
    resources: Capacity,
    *,
    on_step: Callable[[], None],
    test: EncodedDataset | None = None,
    teachers: Mapping[str, SoftTargets] | None = None,
) -> None:
    """Lets Ray Tune run trials until the controller has no more. Ray must be connected.

    What ``on_step`` raises passes through; the caller then shuts Ray down, which ends the workers at once.

    Args:
        controller: says what is trained, and hears of it.
        data: training and validation texts, or the folds of both.
        resources: what the cluster has.
        on_step: called several times a second.
        test: the texts on which repeats of a confirmation are evaluated; None for trials of a search.
        teachers: what students are trained on, by fingerprint.
    """
    from tuner.search.ray_tune.adapters import ControllerCallback, ControllerScheduler, ControllerSearcher
    from tuner.search.ray_tune.trainable import TrialTrainable
    from tuner.search.ray_tune.workers import EpochTimeouts

    memory = partial(plan_of(settings).memory, length=int(buckets_of(data, compiled=False).boundaries[-1]))
    run_trials(
        TrialTrainable,
        worker_parameters(settings, data)
        | {
            "test": None if test is None else vars(test),
            "teachers": {name: targets.as_arrays() for name, targets in (teachers or {}).items()},
        },
        searcher=ControllerSearcher(controller),
        scheduler=ControllerScheduler(controller),
        callback=ControllerCallback(controller, on_step, memory, EpochTimeouts(settings.epoch_timeout)),
        asked=settings.resources,
        there=resources,
        most_pending=(
            _most_pending(settings) if isinstance(controller, SearchController) else settings.resources.concurrency
        ),
    )


def _most_pending(settings: SearchSettings) -> int:
    """Trials that wait for a worker: one that ends a trial finds the next there, and is kept for it.

    Where the next trial, or whether there is one on a further fold, depends on what others report, only one waits: it was
    chosen before those reports came.
    """
    learns = searcher_spec(settings.searcher).learns
    calls_back = build_scheduler(settings, SearchState()).pauses
    return 1 if learns or calls_back or settings.folds is not None else settings.resources.concurrency


def worker_parameters(settings: SearchSettings, data: EncodedSplits) -> dict[str, Any]:
    """What ``TrialTrainable.setup`` takes of a run."""
    return {
        "arrays": data.as_arrays(),
        "vocabulary_size": settings.data.vocabulary_size,
        "classes": len(settings.data.label_names),
        "epochs": settings.epochs,
        "reports_per_epoch": settings.reports_per_epoch,
        "seed": settings.seed,
        "scorer": Scorer(settings.pursued, settings.data.label_names),
        "metric": settings.metric_code and source_of(settings.metric_code, option="metric"),
        "threads": max(1, math.floor(settings.resources.cpus_per_trial)),
        "custom_source": settings.hypermodel and source_of(settings.hypermodel, option="hypermodel"),
        "max_length": settings.data.max_length,
        "patience": settings.patience,
        "gpu_share": settings.resources.gpus_per_trial,
    }


def run_trials(
    trainable: Any,
    parameters: dict[str, Any],
    *,
    searcher: Any,
    scheduler: Any,
    callback: Any,
    asked: ResourceSettings,
    there: Capacity,
    most_pending: int,
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
        most_pending: how many are asked of the searcher before there is a worker for them.
    """
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(most_pending)
    from ray import tune
    from ray.tune.search import ConcurrencyLimiter

    from tuner.search.ray_tune.adapters import NoReporter
    from tuner.search.ray_tune.failures import tolerate_memory_kills

    tolerate_memory_kills()
    if not there.is_local:  # a local Ray offers just as many processors as there are to be trials at once
        searcher = ConcurrencyLimiter(searcher, max_concurrent=asked.concurrency)
    with (
        tempfile.TemporaryDirectory(prefix="frontier-tuner-") as scratch,
        _inherited_environment() if there.is_local else nullcontext(),
    ):
        try:
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
                progress_reporter=NoReporter(),
            )
        except tune.TuneError as error:
            # Tune tells an error in a callback as text of its own; what was raised there is the one to know.
            raise error.__context__ or error from None


@contextmanager
def _inherited_environment() -> Iterator[None]:
    """Lets Ray Tune take the workers that a local Ray has started already.

    For the sake of clusters Tune gives its workers some of the driver's environment variables, which those of this machine
    have: processes of their own were started for it, half a second later.
    """
    from ray.tune.execution import class_cache

    kept = class_cache.DEFAULT_ENV_VARS, class_cache.ENV_VARS_TO_PROPAGATE
    class_cache.DEFAULT_ENV_VARS, class_cache.ENV_VARS_TO_PROPAGATE = {}, set()
    try:
        yield
    finally:
        class_cache.DEFAULT_ENV_VARS, class_cache.ENV_VARS_TO_PROPAGATE = kept
