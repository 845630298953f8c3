"""From a request to settings: reads the data, resolves what was left open, and checks it all before Ray starts."""

import platform
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from search_spaces.config import CombinationError, Config
from search_spaces.documents import space_document
from search_spaces.space import Space
from tuner import __version__
from tuner.data.cache import prepare_with_cache
from tuner.data.encoded import EncodedSplits
from tuner.data.folds import draw_folds, folds_fingerprint
from tuner.data.pipeline import BUILT_IN, DataRequest, PreparedData
from tuner.data.reading.columns import FIND_ALL, Columns
from tuner.data.reading.sources import absolute, is_gone
from tuner.data.text_dataset import Split
from tuner.data.vectors import read_word_vectors
from tuner.data.word_order import informative_order
from tuner.errors import InputError
from tuner.formatting import counted
from tuner.metrics import Scorer, objective_of
from tuner.runs.configurations import mean_metrics
from tuner.runs.folder import check_new_run
from tuner.runs.settings import (
    DataSettings,
    FoldSettings,
    HyperModelSettings,
    SearchSettings,
    VectorSettings,
)
from tuner.search.custom_model import CustomModelRequest, discovered
from tuner.search.forecast import Forecast, forecast
from tuner.search.metric_check import checked_metric
from tuner.search.plan import grid_points, plan_of, preview
from tuner.search.registry import scheduler_spec, searcher_spec
from tuner.search.request import SearchRequest
from tuner.search.resources import DEFAULT_TRIALS, resources_of, with_shared_gpus
from tuner.search.schedulers.options import resolve
from tuner.search.warm_start import FIRST_OF_PORTFOLIO, points_of_earlier_run, points_of_portfolio

# What search.yaml keeps of a request as it is.
_KEPT = (
    "epochs",
    "searcher",
    "metric",
    "metric_mode",
    "patience",
    "seed",
    "time_budget",
    "epoch_timeout",
    "stop_when_stable",
)
# What search.yaml keeps of a request for data as it is.
_KEPT_OF_DATA = (
    *("encoding", "split_seed", "min_freq", "max_tokens", "max_length", "truncate"),
    *("given_split", "test_share", "validation_share", "fraction"),
    *("fold_labels", "min_class_count", "drop_rare", "majority_split"),
)
_VERSIONED = ("ray", "tensorflow", "keras", "numpy", "pyarrow")
_TEXTS_A_REPORT = 10_000
_FEWEST_TEXTS_A_REPORT = 100
_TRAINING_BY_EVALUATION = 3  # a forward pass, of three of a training step
_MOST_EVALUATION = 0.2  # of the time that training takes
_DEALER = "scikit-learn"
"""What draws folds."""


@dataclass(frozen=True)
class PreparedSearch:
    """A search that can start: settings and data."""

    settings: SearchSettings
    data: PreparedData

    @cached_property
    def expected(self) -> Forecast | None:
        """What it will take; None of a custom model."""
        return forecast(self.settings, self.data.encoded)


def prepare_search(request: SearchRequest) -> PreparedSearch:
    """Checks the request, reads the data and resolves the settings. Writes nothing.

    Raises:
        InputError: for everything that would make the search fail or mean something else than the user thinks.
    """
    name = request.name or datetime.now(tz=UTC).astimezone().strftime("%Y%m%d-%H%M%S")
    check_new_run(request.runs_dir, name)
    resources = resources_of(request)
    scheduler = scheduler_spec(request.scheduler.name)
    if request.reports_per_epoch != "auto":  # refused before the data are read
        resolve(request.scheduler, epochs=request.epochs, reports_per_epoch=request.reports_per_epoch)
    if isinstance(request.space, Space):
        scheduler.check(request.space, request.trials or DEFAULT_TRIALS)
    data, vectors = prepare_with_cache(request.data), None
    if request.vectors is not None:
        data, vectors = _with_vectors(data, request.vectors.resolve(), seed=request.data.split_seed)
    if request.folds is not None:
        data = _with_folds(data, request.folds, seed=request.data.split_seed)
    data = _with_order(data, request.space)
    metric_code = checked_metric(request.metric, request.metric_mode, data)
    hypermodel, space = _model_and_space(request, data)
    reports = _reports_per_epoch(request, data.encoded)
    settings = _settings(
        request, data, space, name=name, resources=resources, vectors=vectors, hypermodel=hypermodel,
        metric_code=metric_code, reports_per_epoch=reports,
        scheduler=resolve(request.scheduler, epochs=request.epochs, reports_per_epoch=reports),
    )  # fmt: skip
    try:
        settings = _with_trials(settings, request, space)
        if request.gpus_per_trial == "auto":
            settings = with_shared_gpus(settings, request, data.encoded)
        return PreparedSearch(settings, data)
    except CombinationError as error:
        raise InputError(f"space {space.name}: {error}") from None


def _reports_per_epoch(request: SearchRequest, data: EncodedSplits) -> int:
    """The reports that an epoch has.

    Raises:
        InputError: where so many are asked for that few texts lie between two.
    """
    train, validation = len(data.train), len(data.validation)
    if request.reports_per_epoch == "auto":
        affordable = _MOST_EVALUATION * _TRAINING_BY_EVALUATION * train / max(1, validation)
        return max(1, min(train // _TEXTS_A_REPORT, int(affordable)))
    most = max(1, train // _FEWEST_TEXTS_A_REPORT)
    if request.reports_per_epoch > most:
        raise InputError(
            f"an epoch has {counted(train, 'text')}, and a report needs {_FEWEST_TEXTS_A_REPORT}; give at most {most}, or auto",
            option="reports_per_epoch",
            value=request.reports_per_epoch,
        )
    return request.reports_per_epoch


def _model_and_space(request: SearchRequest, data: PreparedData) -> tuple[HyperModelSettings | None, Space]:
    """What is trained, None for the built-in networks, and the space of its hyperparameters."""
    if isinstance(request.space, Space):
        return None, request.space
    return discovered(request.space, data, max_length=request.data.max_length)


def _with_trials(settings: SearchSettings, request: SearchRequest, space: Space) -> SearchSettings:
    """The settings with the points to evaluate first and the number of trials that there are, all of which fit."""
    points, plan = list[Config](), plan_of(settings)
    if request.warm_start is not None:
        points = points_of_earlier_run(
            request.warm_start, request.runs_dir, space, plan.fits, trials=settings.configurations
        )
    if request.portfolio and settings.hypermodel is None and not searcher_spec(settings.searcher).is_finite:
        known = [point for point in points_of_portfolio(space, plan, seed=settings.seed) if point not in points]
        by_turns = max(0, len(known) - FIRST_OF_PORTFOLIO)
        settings = settings.model_copy(update={"portfolio": len(known), "by_turns": by_turns})
        points += known
    if points:
        settings = settings.model_copy(
            update={
                "warm_start": request.warm_start,
                "points_to_evaluate": tuple(point.model_dump() for point in points),
            }
        )
    count = 1 if not space.parameters else grid_points(settings)  # a model without hyperparameters is one model
    if count is not None:
        trials = min(count, request.trials or count) * settings.repeats * settings.fold_count
        settings = settings.model_copy(update={"trials": trials})
    preview(settings)
    return settings


def with_data_at(settings: SearchSettings, place: str | None) -> SearchSettings:
    """The settings with the data at another place, where one is given; that they are the same is checked when they are read."""
    if place is None:
        return settings
    return settings.model_copy(update={"data": settings.data.model_copy(update={"source": absolute(place)})})


def prepare_again(settings: SearchSettings, *, no_cache: bool = False) -> PreparedData:
    """The same data as when the search began, from the cache or read again.

    Raises:
        InputError: where they are gone or have changed.
    """
    data = settings.data
    if is_gone(data.source):
        raise InputError(
            f"{data.source}: the data of the search {settings.name} are gone; give their place with `data`"
        )
    for source in (data.validation_data, data.test_data):
        if source is not None and is_gone(source):
            raise InputError(
                f"{source}: the data of the search {settings.name} are gone; bring them back to that place"
            )
    prepared = prepare_with_cache(replace(_data_request(data), no_cache=no_cache), notes_matter=False)
    if prepared.dataset.fingerprint != data.fingerprint:
        raise InputError(
            f"{data.source}: the data have changed since the search {settings.name} began "
            f"(fingerprint {prepared.dataset.fingerprint[:12]}, was {data.fingerprint[:12]}); bring the old data back or "
            "start a new search"
        )
    prepared = _with_order(prepared, settings.resolved_space())
    if settings.vectors is None:
        return prepared
    prepared, vectors = _with_vectors(prepared, Path(settings.vectors.source), seed=data.split_seed)
    if vectors != settings.vectors:
        raise InputError(
            f"{vectors.source}: the word vectors have changed since the search {settings.name} began; bring the old file "
            "back or start a new search"
        )
    return prepared


def _with_order(data: PreparedData, space: Space | CustomModelRequest) -> PreparedData:
    """The data with the informative order of their words, where a trial may ask for it: with folds, one of each.

    An order sees the labels, so that of a fold is made of the other folds' texts.
    """
    orders = space.parameters.get("vocabulary_order") if isinstance(space, Space) else None
    if orders is None or "informative" not in orders:
        return data
    size, classes, encoded = data.vocabulary.size, len(data.dataset.label_names), data.encoded
    if encoded.folds is None:
        order = informative_order(encoded.train, size, classes)
    else:
        parts = [encoded.of_fold(fold).train for fold in range(1, int(encoded.folds.max()) + 1)]
        order = np.stack([informative_order(part, size, classes) for part in parts])
    return replace(data, encoded=replace(encoded, informative=order))


def _with_folds(data: PreparedData, count: int, *, seed: int) -> PreparedData:
    """The data with their training and validation texts in folds, and a note where the validation texts were given."""
    folds = draw_folds(data.dataset, data.splits, count, seed=seed)
    given = data.dataset.split is not None and bool((data.dataset.split == Split.VALIDATION).any())
    note = ("the given training and validation texts are folded together (`folds`)",) if given else ()
    return replace(data, encoded=data.encoded.with_folds(folds), notes=(*data.notes, *note))


def with_same_folds(data: PreparedData, settings: SearchSettings) -> PreparedData:
    """The data as the search of these settings trains on them: in its folds, where it has some.

    Raises:
        InputError: where the folds come out otherwise than when the search began.
    """
    if settings.folds is None:
        return data
    folded = _with_folds(data, settings.folds.count, seed=settings.data.split_seed)
    if _fold_settings(folded.encoded) != settings.folds:
        recorded = settings.versions[_DEALER]
        raise InputError(
            f"the folds of the search {settings.name} come out otherwise with {_DEALER} {version(_DEALER)}; install the one "
            f"that drew them: pip install {_DEALER}=={recorded}"
        )
    return _with_order(folded, settings.resolved_space())


def _fold_settings(data: EncodedSplits) -> FoldSettings | None:
    if data.folds is None:
        return None
    texts = np.bincount(data.folds)[1:].tolist()
    return FoldSettings(count=len(texts), texts=texts, fingerprint=folds_fingerprint(data.folds))


def _baseline(scorer: Scorer, data: EncodedSplits) -> dict[str, float | None]:
    """What always giving the most frequent label reaches in every metric, with folds in their mean."""
    if data.folds is None:
        return scorer.baseline(data.train.labels, data.validation.labels)
    parts = [data.of_fold(fold) for fold in range(1, int(data.folds.max()) + 1)]
    return mean_metrics([scorer.baseline(part.train.labels, part.validation.labels) for part in parts])


def _with_vectors(data: PreparedData, path: Path, *, seed: int) -> tuple[PreparedData, VectorSettings]:
    """The data with pretrained vectors for their vocabulary, and what there is to say of these."""
    vectors = read_word_vectors(path, data.vocabulary, seed=seed)
    described = VectorSettings(
        source=str(path),
        width=vectors.table.shape[1],
        found=vectors.found,
        type_coverage=vectors.type_coverage,
        token_coverage=vectors.token_coverage,
        fingerprint=vectors.fingerprint,
    )
    return replace(data, encoded=replace(data.encoded, vectors=vectors.table)), described


def _data_request(data: DataSettings) -> DataRequest:
    columns = Columns(data.text_column, data.label_column, data.split_column)
    return DataRequest(
        source=data.source,
        validation_data=data.validation_data,
        test_data=data.test_data,
        data_dir=Path(data.data_dir),
        stop_words=data.stop_words,
        columns=FIND_ALL if data.source == BUILT_IN else columns,
        **{name: getattr(data, name) for name in _KEPT_OF_DATA},
    )


def _settings(request: SearchRequest, data: PreparedData, space: Space, **resolved: Any) -> SearchSettings:
    """The settings: those of the request, what there is to say of its data and its space, and what was resolved."""
    dataset = data.dataset
    scorer = Scorer(objective_of(request.metric, request.metric_mode), dataset.label_names)
    return SearchSettings(
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        data=DataSettings(
            source=request.data.source if request.data.source == BUILT_IN else absolute(request.data.source),
            validation_data=request.data.validation_data and absolute(request.data.validation_data),
            test_data=request.data.test_data and absolute(request.data.test_data),
            text_column=dataset.reading.text_columns,
            label_column=dataset.reading.label_column,
            split_column=request.data.columns.split,
            data_dir=str(request.data.data_dir.resolve()),
            fingerprint=dataset.fingerprint,
            label_names=dataset.label_names,
            train=len(data.splits.train),
            validation=len(data.splits.validation),
            test=len(data.splits.test),
            baseline=_baseline(scorer, data.encoded),
            stop_words=data.tokenizer.stop_words,
            characters=data.tokenizer.characters,
            vocabulary_size=data.vocabulary.size,
            mean_tokens=round(float(data.encoded.train.lengths.mean()), 2),
            **{name: getattr(request.data, name) for name in _KEPT_OF_DATA},
        ),
        space=space_document(space),
        trials=(request.trials or DEFAULT_TRIALS) * request.seeds_per_config * (request.folds or 1),
        repeats=request.seeds_per_config,
        track=request.track,
        rivals=request.rivals and request.folds is None,  # their values would be of other texts than the trials'
        folds=_fold_settings(data.encoded),
        objective=cast("Literal['metric', 'frontier']", _objective(request)),
        max_params=_smaller(request.max_params, space.max_params),
        versions=versions(with_folds=request.folds is not None),
        **{name: getattr(request, name) for name in _KEPT},
        **resolved,
    )


def _smaller(asked: int | None, of_space: int | None) -> int | None:
    """The tighter of the user's bound on parameters and the space's own."""
    return min((bound for bound in (asked, of_space) if bound is not None), default=None)


def _objective(request: SearchRequest) -> str:
    """What a searcher that models an objective looks for: what the scheduler keeps, unless the user says otherwise."""
    follows = "objective" in searcher_spec(request.searcher).settings
    return request.objective or (scheduler_spec(request.scheduler.name).objective if follows else "metric")


def versions(*, with_folds: bool) -> dict[str, str]:
    """Versions that a search depends on: of what draws folds, too, where it has some."""
    names = (*_VERSIONED, _DEALER) if with_folds else _VERSIONED
    return {
        "python": platform.python_version(),
        "frontier-tuner": __version__,
        **{name: version(name) for name in names},
    }
