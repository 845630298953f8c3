"""Lets models of a run say what they make of texts, in a worker: the driver has no TensorFlow."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.config import TrialConfig
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.errors import SearchFailed
from tuner.metrics import Scorer
from tuner.rivals.linear_model import read_model as read_rival
from tuner.runs.settings import SearchSettings
from tuner.search.ray_tune.engine import worker_parameters
from tuner.training.trial_error import TrialError, broken_by

if TYPE_CHECKING:
    from tuner.training.worker_context import WorkerContext

_SECONDS_BETWEEN_STEPS = 0.2


@dataclass(frozen=True)
class TeachingModel:
    """A trial with weights, or a rival.

    Attributes:
        name: the trial's id, or the rival's name.
        config: of a trial; None of a rival.
        content: the file of its weights, or of the rival's model.
        weight: its share in the mean of several, 0 to 1.
    """

    name: str
    config: TrialConfig | None
    content: bytes
    weight: float = 1.0


def probabilities_on_ray(
    models: Sequence[TeachingModel],
    settings: SearchSettings,
    data: EncodedSplits,
    unlabelled: EncodedDataset,
    *,
    on_step: Callable[[], None],
) -> NDArray[np.float32]:
    """The weighted mean of the probabilities that models give to the training texts and then to others. Ray must be connected.

    Returns:
        float32 ``[training texts + unlabelled texts, classes]``.

    Raises:
        SearchFailed: where a model cannot say it, or takes longer than an epoch may.
    """
    import ray

    resources = settings.resources
    teach = ray.remote(num_cpus=resources.cpus_per_trial, num_gpus=resources.gpus_per_trial, max_calls=1)(_teach)
    task = teach.remote(list(models), vars(unlabelled), worker_parameters(settings, data))
    deadline = time.monotonic() + (settings.epoch_timeout or np.inf)
    while not ray.wait([task], timeout=_SECONDS_BETWEEN_STEPS)[0]:
        on_step()
        if time.monotonic() > deadline:
            ray.cancel(task, force=True)
            raise SearchFailed(
                f"the teacher said nothing within {settings.epoch_timeout:g} s; search with a longer epoch_timeout"
            )
    try:
        found: NDArray[np.float32] = ray.get(task)
    except TrialError as error:
        raise SearchFailed(f"the teacher broke: {error.message}") from None
    except ray.exceptions.RayError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise SearchFailed(f"the teacher broke: {lines[-1] if lines else type(error).__name__}") from None
    return found


def _teach(
    models: list[TeachingModel], unlabelled: Mapping[str, Any], parameters: dict[str, Any]
) -> NDArray[np.float32]:
    """The weighted mean of the models' probabilities, in a worker.

    Raises:
        TrialError: for any error of a model.
    """
    data, scorer = EncodedSplits.from_arrays(parameters["arrays"]), parameters["scorer"]
    parts = (data.train, EncodedDataset(**unlabelled))
    try:
        context = _context(parameters) if any(model.config is not None for model in models) else None
        said = [
            np.concatenate([_probabilities(_logits(model, context), part, scorer) for part in parts])
            for model in models
        ]
    except Exception as error:  # noqa: BLE001  raised again, as text
        raise broken_by(error) from None
    mean: NDArray[np.float64] = np.average(np.stack(said), axis=0, weights=[model.weight for model in models])
    return mean.astype(np.float32)


def _context(parameters: dict[str, Any]) -> "WorkerContext":
    from tuner.search.ray_tune.trainable import open_context  # imports Ray, whose settings the driver makes before that

    others = ("seed", "scorer", "metric", "patience")  # what a trainable has beside its context
    return open_context(**{name: value for name, value in parameters.items() if name not in others})


def _logits(model: TeachingModel, context: "WorkerContext | None") -> Callable[[EncodedDataset], NDArray[np.float32]]:
    """What gives a model's outputs."""
    if model.config is None or context is None:
        return read_rival(BytesIO(model.content)).logits
    from tuner.training.trial_run import TrialRun

    return partial(TrialRun(context, model.config, seed=(0,), state=None).logits, model.content)


def _probabilities(
    logits_of: Callable[[EncodedDataset], NDArray[np.float32]], part: EncodedDataset, scorer: Scorer
) -> NDArray[np.float64]:
    if not len(part):
        return np.zeros((0, len(scorer.label_names)))
    return np.exp(scorer.predictions(logits_of(part), part.labels).log_probabilities)
