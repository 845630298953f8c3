"""Fits the rivals of a search in a worker beside the trials, and takes in what comes of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuner.data.encoded import EncodedSplits
from tuner.metrics import Scorer, finite
from tuner.models.custom.source import ModelSource
from tuner.rivals.fitting import fit_rivals, texts_for_rivals
from tuner.rivals.names import RIVALS
from tuner.runs.events import RivalEnded
from tuner.runs.predictions import pack_validation
from tuner.runs.settings import SearchSettings
from tuner.runs.store import RunStore
from tuner.search.custom_model import source_of


@dataclass(frozen=True)
class _Fitted:
    """A rival on its way to the driver: what the journal says of it, and its files."""

    event: RivalEnded
    model: bytes
    predictions: bytes


class RivalsOfSearch:
    """The rivals of a search in progress: those that its journal does not hold, fitted in one worker."""

    def __init__(self, settings: SearchSettings, store: RunStore, data: EncodedSplits) -> None:
        """Starts the worker where there is something to fit. Ray must be connected."""
        self._store = store
        known = store.search_state.rivals
        self._names = tuple(
            name for name in RIVALS if settings.rivals and (name not in known or known[name].error is not None)
        )
        self._task = self._start(settings, data) if self._names else None

    def _start(self, settings: SearchSettings, data: EncodedSplits) -> Any:
        import ray

        # It asks for no processor: a local Ray offers just as many as there are to be trials at once, and a trial that had to
        # wait for this would change which trials run side by side.
        # Its process ends with it: Ray would give it to a trial next, with scikit-learn and the memory of the fits.
        fit = ray.remote(num_cpus=0, max_retries=1, max_calls=1)(_fit)
        return fit.remote(
            replace(data, train=texts_for_rivals(data.train), vectors=None, informative=None).as_arrays(),
            scorer=Scorer(settings.pursued, settings.data.label_names),
            metric=settings.metric_code and source_of(settings.metric_code, option="metric"),
            vocabulary_size=settings.data.vocabulary_size,
            characters=settings.data.characters,
            names=self._names,
        )

    @property
    def are_done(self) -> bool:
        """Whether nothing is being fitted, and what was is recorded."""
        return self._task is None

    def take_in(self) -> None:
        """Records what was fitted since; at once where nothing was. A failure is recorded, and the search goes on."""
        import ray

        if self._task is None or not ray.wait([self._task], timeout=0)[0]:
            return
        task, self._task = self._task, None
        try:
            fitted: list[_Fitted] = ray.get(task)
        except ray.exceptions.RayError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            reason = lines[-1] if lines else type(error).__name__
            for name in self._names:
                self._store.record(RivalEnded(time=time.time(), rival=name, error=reason[:500]))
            return
        for each in fitted:
            self._store.save_rival(each.event.rival, model=each.model, predictions=each.predictions)
            self._store.record(each.event.model_copy(update={"time": time.time()}))


def _fit(
    arrays: Mapping[str, NDArray[np.generic]], *, scorer: Scorer, metric: ModelSource | None, **shape: Any
) -> list[_Fitted]:
    """Fits the rivals, in a worker."""
    if metric is not None:
        metric.make_importable()
    return [
        _Fitted(
            RivalEnded(
                time=0.0,
                rival=fitted.name,
                parameters=fitted.model.parameters,
                strength=fitted.strength,
                texts=fitted.texts,
                val_loss=fitted.predictions.loss,
                val_metrics=finite(fitted.metrics),
                seconds=fitted.seconds,
            ),
            fitted.model.pack(),
            pack_validation(fitted.predictions),
        )
        for fitted in fit_rivals(EncodedSplits.from_arrays(arrays), scorer, **shape)
    ]
