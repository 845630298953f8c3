"""Which of a tool's metrics is the validation accuracy, and which the others."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuner.errors import InputError

_KINDS = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")
_VALIDATION = (
    *(f"val_{kind}" for kind in _KINDS),
    "validation_accuracy",
    "valid_accuracy",
    "eval_accuracy",
    "mean_accuracy",
)
_PARAMETERS = ("parameters", "params", "n_params", "num_params", "total_params", "model_params", "num_parameters")


@dataclass(frozen=True)
class MetricNames:
    """How a folder names what we measure; None for what it does not have."""

    val_accuracy: str
    val_loss: str | None
    train_accuracy: str | None
    train_loss: str | None

    def measures(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """The metrics of an epoch under our names; what is no number is missing."""
        names = vars(self)
        return {ours: _number(metrics.get(theirs)) if theirs else None for ours, theirs in names.items()}


def find_metric_names(reported: Iterable[str], path: Path, *, accuracy: str | None) -> tuple[MetricNames, list[str]]:
    """The names among those reported, and a note where a guess was needed.

    Args:
        reported: names of metrics in the folder.
        path: the folder, for messages.
        accuracy: what the user says the validation accuracy is called, None to find it.

    Raises:
        InputError: where no metric looks like an accuracy, or the one that is asked for is not there.
    """
    there = set(reported)
    notes: list[str] = []
    if accuracy is not None and accuracy not in there:
        raise InputError(f"{path}: no metric {accuracy!r}; there are {', '.join(sorted(there)) or 'none'}")
    found = accuracy or _first(_VALIDATION, there)
    if found is None:
        found = _first(_KINDS, there)
        if found is None:
            raise InputError(
                f"{path}: none of its metrics is called an accuracy ({', '.join(sorted(there)) or 'there are none'}); "
                "name the one to use with accuracy=NAME"
            )
        notes.append(f"There is no validation accuracy: {found} is taken for it, which may be that of training.")
    training = _first(tuple(kind for kind in ("train_accuracy", *_KINDS) if kind != found), there)
    names = MetricNames(
        val_accuracy=found,
        val_loss=_first(("val_loss", "validation_loss", "valid_loss", "eval_loss"), there),
        train_accuracy=training,
        train_loss=_first(("train_loss", "loss"), there),
    )
    return names, notes


def parameters_in(metrics: Mapping[str, Any], config: Mapping[str, Any]) -> int | None:
    """The parameter count that a trial reports or is set to, None where it says nothing of the kind."""
    for source in (metrics, config):
        for name in _PARAMETERS:
            value = _number(source.get(name))
            if value is not None and math.isfinite(value):
                return int(value)
    return None


def _first(names: Iterable[str], there: set[str]) -> str | None:
    return next((name for name in names if name in there), None)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
