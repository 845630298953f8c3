"""KerasTuner's project folders: ``oracle.json``, and a ``trial.json`` a trial."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from analysis.importers.ray_tune import checkpoint_parameters
from analysis.importers.results import (
    ImportedResults,
    ImportedTrial,
    find_metric_names,
    flat,
    parameters_in,
    results_of,
)
from tuner.errors import InputError
from tuner.metrics import Mode

_STATUSES = {
    "COMPLETED": "completed",
    "STOPPED": "stopped",
    "FAILED": "failed",
    "INVALID": "failed",
    "RUNNING": "running",
    "IDLE": "pending",
}


def is_keras_tuner(path: Path) -> bool:
    """Whether a folder is a project of KerasTuner."""
    return (path / "oracle.json").is_file() or any(path.glob("trial_*/trial.json"))


def load_keras_tuner(
    path: str | Path, *, metric: str | None = None, metric_mode: Mode | None = None
) -> ImportedResults:
    """The trials of a KerasTuner project, from its folder.

    Its tuners write down one observation a trial, at the best epoch, as the mean over executions; where an oracle was told of
    several steps, the epoch of the best one counts. Epochs are steps from 1. Parameters are those of a
    metric or hyperparameter called so, else the numbers in the trial's checkpoint, missing where there is none.

    Args:
        path: the project's folder, which has ``trial_*`` folders.
        metric: what to rank by; None for the validation accuracy where there is one, else for the project's objective.
        metric_mode: what is better of the metric; None for what the project says.

    Raises:
        InputError: where the folder has no trials, or neither an accuracy nor a single metric as its objective.

    >>> analysis.load_keras_tuner("tests/analysis/imported/keras_tuner").tool
    'KerasTuner'
    """
    path = Path(path)
    files = sorted(path.glob("trial_*/trial.json"))
    if not files:
        raise InputError(f"{path}: has no trials of KerasTuner (trial_*/trial.json); give a project's folder")
    notes: list[str] = []
    directions: dict[str, Mode] = {}
    trials = [trial for trial in (_trial(file, notes, directions) for file in files) if trial is not None]
    reported = {name for trial in trials for metrics in trial.epochs.values() for name in metrics}
    names, guesses = find_metric_names(
        reported,
        path,
        metric=metric,
        metric_mode=metric_mode,
        pursued=_pursued(trials, directions),
        directions=directions,
    )
    if all(len(trial.epochs) <= 1 for trial in trials):
        notes.append("KerasTuner kept the best epoch of each trial alone: there are no learning curves.")
    return results_of(path, "KerasTuner", trials, names, [*guesses, *notes])


def _pursued(trials: Sequence[ImportedTrial], directions: Mapping[str, Mode]) -> str | None:
    """The project's objective. No file names it, but the score of each trial is its best value."""
    finished = [trial for trial in trials if trial.score is not None and math.isfinite(trial.score)]
    names = [
        name for name in directions if finished and all(_is_score(trial, name, directions[name]) for trial in finished)
    ]
    return min(names, key=lambda name: not name.startswith("val_"), default=None)


def _is_score(trial: ImportedTrial, name: str, mode: Mode) -> bool:
    values = [metrics[name] for metrics in trial.epochs.values() if name in metrics]
    best = max(values, default=math.nan) if mode == "max" else min(values, default=math.nan)
    return trial.score is not None and math.isclose(best, trial.score, rel_tol=1e-6)


def _trial(file: Path, notes: list[str], directions: dict[str, Mode]) -> ImportedTrial | None:
    """A trial from its file, whose metrics' directions are added to the others'."""
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
        config = flat(state["hyperparameters"]["values"])
        observed = _epochs(state["metrics"]["metrics"])
        status = _STATUSES.get(state["status"], "running")
        trial = ImportedTrial(str(state["trial_id"]), status, config, observed, error=_last_line(state.get("message")))
        trial.score = state.get("score")
        found = {name: history.get("direction") for name, history in state["metrics"]["metrics"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        notes.append(f"{file.parent.name}/trial.json: damaged, left out.")
        return None
    directions |= {name: mode for name, mode in found.items() if mode in ("max", "min")}
    last = observed[max(observed)] if observed else {}
    trial.parameters = parameters_in(last, config) or checkpoint_parameters(file.with_name("checkpoint.weights.h5"))
    return trial


def _epochs(metrics: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """The observations by epoch, from 1 (KerasTuner's steps begin at 0), each the mean over executions."""
    found: dict[int, dict[str, Any]] = {}
    for name, history in metrics.items():
        for observation in history["observations"]:
            found.setdefault(int(observation["step"]) + 1, {})[name] = fmean(observation["value"])
    return dict(found)


def _last_line(message: str | None) -> str | None:
    lines = (message or "").strip().splitlines()
    return lines[-1] if lines else None
