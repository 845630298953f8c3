"""Whether the validation texts can be measured by the metric that a user named, found out before anything starts."""

import importlib
import math
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.wording import did_you_mean
from tuner.data.pipeline import PreparedData
from tuner.errors import InputError
from tuner.formatting import listed, shown
from tuner.measures import Predictions
from tuner.metrics import CLASS_METRICS, METRICS, Mode, Objective, is_users_own, objective_of
from tuner.models.custom.source import ModelSource, loaded_from
from tuner.runs.settings import UserCode


def checked_metric(name: str, mode: Mode, data: PreparedData) -> UserCode | None:
    """What workers import of a metric that is a function of the user's own, None for all others.

    Raises:
        InputError: as ``check_metric``.
    """
    validated = data.encoded if data.encoded.folds is None else data.encoded.of_fold(1)
    check = partial(check_metric, name, mode, data.dataset.label_names, validated.validation.labels)
    if not is_users_own(name):
        check()
        return None
    root, known = Path.cwd(), set(sys.modules)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    check()
    loaded = {name.partition(":")[0], *(set(sys.modules) - known)}
    files = loaded_from(root, [sys.modules[module] for module in loaded])
    return UserCode(name=name, root=str(root), sources=ModelSource.read(name, root, files).digests())


def check_metric(name: str, mode: Mode, label_names: Sequence[str], labels: NDArray[np.integer[Any]]) -> Objective:
    """Returns the objective of a metric that a user named, where the validation texts can be measured by it.

    Args:
        name: one of ``METRICS``, one of ``CLASS_METRICS`` with a class behind it, or ``module:function``.
        mode: whether more or less of a function of the user's own is better.
        label_names: the names of the classes.
        labels: int [texts], the right classes of the validation texts.

    Raises:
        InputError: for an unknown name or class, a metric that these texts do not have, a function that cannot be imported
            or returns no number.
    """
    kind, separator, label = name.partition(":")
    if name not in METRICS and not separator:
        one = f"f1:{label_names[-1]}, or {', '.join(list(CLASS_METRICS)[1:])} of a class"
        raise InputError(
            f"no such metric; there are {', '.join(METRICS)}, {one}, or a function of your own, module:function",
            option="metric",
            value=name,
        )
    if kind in CLASS_METRICS and separator and label not in label_names:
        hint = did_you_mean(label, tuple(label_names)) if len(label_names) <= 20 else listed(label_names)
        raise InputError(f"there is no class {shown(label)}; {hint}", option="metric", value=name)
    counts = np.bincount(labels, minlength=len(label_names))
    wanted = [label] if kind in CLASS_METRICS and separator else list(label_names) if name in CLASS_METRICS else []
    absent = [label for label in wanted if counts[list(label_names).index(label)] == 0]
    if absent:
        raise InputError(
            f"the validation texts have none of class {shown(absent[0])}, which the metric needs; give more texts of it, or "
            "choose macro_f1",
            option="metric",
            value=name,
        )
    objective = objective_of(name, mode)
    if is_users_own(name):
        _check_function(objective, label_names, labels)
    return objective


def _check_function(objective: Objective, label_names: Sequence[str], labels: NDArray[np.integer[Any]]) -> None:
    """Calls a function of the user's own on even odds and on certain, right predictions."""
    module, _, function = objective.name.partition(":")
    try:
        getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"no function {shown(function)} in module {shown(module)} ({error}); it is looked for in the current folder and "
            "among the installed packages",
            option="metric",
            value=objective.name,
        ) from None
    even = np.zeros((len(labels), len(label_names)), np.float32)
    certain = np.where(labels[:, None] == np.arange(len(label_names)), np.float32(20), np.float32(0))
    for logits in (even, certain):
        try:
            value = objective.metric.measure(Predictions.of_logits(logits, labels, label_names))
        except Exception as error:  # noqa: BLE001  whatever the user's code raises
            raise InputError(
                f"the function fails on the {len(labels):,} validation labels and even odds ({type(error).__name__}: {error}); "
                "it takes labels, int [texts], and probabilities, float [texts, classes], and returns a number",
                option="metric",
                value=objective.name,
            ) from None
        if not math.isfinite(value):
            raise InputError(
                f"the function returns {value}, which is no number; correct it", option="metric", value=objective.name
            )
