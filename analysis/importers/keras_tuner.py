"""KerasTuner's project folders: ``oracle.json``, and a ``trial.json`` a trial."""

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from analysis.importers.ray_tune import checkpoint_parameters
from analysis.importers.results import ForeignTrial, ImportedResults, find_metric_names, flat, parameters_in, results_of
from tuner.errors import InputError

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


def load_keras_tuner(path: str | Path, *, accuracy: str | None = None) -> ImportedResults:
    """The trials of a KerasTuner project, from its folder.

    Its tuners write down one observation a trial, at the best epoch, as the mean over executions; where an oracle was told of
    several steps, the epoch of the highest validation accuracy counts. Epochs are steps from 1. Parameters are those of a
    metric or hyperparameter called so, else the numbers in the trial's checkpoint, missing where there is none.

    Args:
        path: the project's folder, which has ``trial_*`` folders.
        accuracy: name of the metric that is the validation accuracy; found where it has a usual name.

    Raises:
        InputError: where the folder has no trials, or no metric is an accuracy.
    """
    path = Path(path)
    files = sorted(path.glob("trial_*/trial.json"))
    if not files:
        raise InputError(f"{path}: has no trials of KerasTuner (trial_*/trial.json); give a project's folder")
    notes: list[str] = []
    trials = [trial for trial in (_trial(file, notes) for file in files) if trial is not None]
    reported = {name for trial in trials for metrics in trial.epochs.values() for name in metrics}
    names, guesses = find_metric_names(reported, path, accuracy=accuracy)
    if all(len(trial.epochs) <= 1 for trial in trials):
        notes.append("KerasTuner kept the best epoch of each trial alone: there are no learning curves.")
    return results_of(path, "KerasTuner", trials, names, [*guesses, *notes])


def _trial(file: Path, notes: list[str]) -> ForeignTrial | None:
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
        config = flat(state["hyperparameters"]["values"])
        observed = _epochs(state["metrics"]["metrics"])
        status = _STATUSES.get(state["status"], "running")
        trial = ForeignTrial(str(state["trial_id"]), status, config, observed, error=_last_line(state.get("message")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        notes.append(f"{file.parent.name}/trial.json: damaged, left out.")
        return None
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
