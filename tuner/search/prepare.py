"""From a request to settings: reads the data, resolves what was left open, and checks it all before Ray starts."""

import math
import os
import platform
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, cast

from search_spaces.reader import space_document
from tuner import __version__
from tuner.data.pipeline import BUILT_IN, DataRequest, PreparedData, prepare_data
from tuner.errors import InputError
from tuner.runs.folder import check_new_run
from tuner.runs.settings import DataSettings, ResourceSettings, SchedulerSettings, SearchSettings
from tuner.search.plan import build_searcher
from tuner.search.ray_tune.cluster import find_cluster, local_gpus
from tuner.search.request import SearchRequest
from tuner.search.searchers.grid_search import GridSearcher

DEFAULT_TRIALS = 12
_REDUCTION_FACTOR = 3
_VERSIONED = ("ray", "tensorflow", "keras", "numpy", "pyarrow")


@dataclass(frozen=True)
class PreparedSearch:
    """A search that can start: settings and data."""

    settings: SearchSettings
    data: PreparedData


def prepare_search(request: SearchRequest) -> PreparedSearch:
    """Checks the request, reads the data and resolves the settings. Writes nothing.

    Raises:
        InputError: for everything that would make the search fail or mean something else than the user thinks.
    """
    name = request.name or datetime.now(tz=UTC).astimezone().strftime("%Y%m%d-%H%M%S")
    check_new_run(request.runs_dir, name)
    resources = _resources(request)
    data = prepare_data(request.data)
    settings = _settings(request, name, resources, data)
    if settings.searcher == "grid":
        points = len(cast("GridSearcher", build_searcher(settings)))
        settings = settings.model_copy(update={"trials": min(points, request.trials or points)})
    else:
        searcher = build_searcher(settings)
        for index in range(settings.trials):
            searcher.propose(index)
    return PreparedSearch(settings, data)


def prepare_again(settings: SearchSettings) -> PreparedData:
    """The same data as when the search began, read again.

    Raises:
        InputError: where they are gone or have changed.
    """
    data = settings.data
    prepared = prepare_data(_data_request(data))
    if prepared.dataset.fingerprint != data.fingerprint:
        raise InputError(
            f"{data.source}: the data have changed since the search {settings.name} began "
            f"(fingerprint {prepared.dataset.fingerprint[:12]}, was {data.fingerprint[:12]}); bring the old data back or "
            "start a new search"
        )
    return prepared


def _data_request(data: DataSettings) -> DataRequest:
    return DataRequest(
        source=data.source,
        text_column=None if data.source == BUILT_IN else data.text_column,
        label_column=None if data.source == BUILT_IN else data.label_column,
        split_column=data.split_column,
        data_dir=Path(data.data_dir),
        split_seed=data.split_seed,
        stop_words=data.stop_words,
        min_freq=data.min_freq,
        max_tokens=data.max_tokens,
        max_length=data.max_length,
    )


def _resources(request: SearchRequest) -> ResourceSettings:
    """Resources of a trial; on a local Ray they are checked here, on a cluster when it is connected."""
    gpus = request.gpus_per_trial
    if find_cluster(request.address) is None:
        available = local_gpus()
        if gpus is not None and gpus > available:
            raise InputError(
                f"--gpus-per-trial {gpus:g}: this machine has {available}; ask for fewer, or give a cluster with --address"
            )
        cpus = os.cpu_count() or 1
        if request.cpus_per_trial > cpus:
            raise InputError(
                f"--cpus-per-trial {request.cpus_per_trial:g}: this machine has {cpus}; ask for fewer, or give a cluster with "
                "--address"
            )
        gpus = (1.0 if available else 0.0) if gpus is None else gpus
        slots = available / gpus if gpus else cpus / request.cpus_per_trial
    else:
        gpus, slots = gpus or 0.0, math.inf  # a cluster may grow: Ray places what fits, and asks for more nodes
    trials = request.trials or DEFAULT_TRIALS
    concurrency = request.concurrency or max(1, int(min(slots, trials)))
    return ResourceSettings(
        cpus_per_trial=request.cpus_per_trial,
        gpus_per_trial=gpus,
        concurrency=concurrency,
        address=request.address,
    )


def _settings(request: SearchRequest, name: str, resources: ResourceSettings, data: PreparedData) -> SearchSettings:
    dataset = data.dataset
    return SearchSettings(
        name=name,
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        data=DataSettings(
            source=request.data.source if request.data.source == BUILT_IN else _absolute(request.data.source),
            text_column=dataset.text_column,
            label_column=dataset.label_column,
            split_column=request.data.split_column,
            data_dir=str(request.data.data_dir.resolve()),
            fingerprint=dataset.fingerprint,
            label_names=dataset.label_names,
            train=len(data.splits.train),
            validation=len(data.splits.validation),
            test=len(data.splits.test),
            majority=data.encoded.majority_accuracy(),
            split_seed=request.data.split_seed,
            stop_words=data.tokenizer.stop_words,
            characters=data.tokenizer.characters,
            min_freq=request.data.min_freq,
            max_tokens=request.data.max_tokens,
            max_length=request.data.max_length,
            vocabulary_size=data.vocabulary.size,
        ),
        space=space_document(request.space),
        trials=request.trials or DEFAULT_TRIALS,
        epochs=request.epochs,
        searcher=cast("Literal['random', 'grid']", request.searcher),
        scheduler=SchedulerSettings(
            name=cast("Literal['asha', 'none']", request.scheduler),
            grace_period=request.grace_period,
            reduction_factor=_REDUCTION_FACTOR,
        ),
        seed=request.seed,
        max_params=request.max_params,
        time_budget=request.time_budget,
        resources=resources,
        versions=_versions(),
    )


def _absolute(source: str) -> str:
    path = Path(source)
    return str(path.resolve()) if path.exists() else source


def _versions() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "frontier-tuner": __version__,
        **{name: version(name) for name in _VERSIONED},
    }
