"""Ray Tune's result folders, one per trial: ``params.json``, ``result.json`` or ``progress.csv``, checkpoints."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

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


def checkpoint_parameters(file: Path) -> int | None:
    """How many numbers a Keras ``.weights.h5`` file holds beside the optimizer's; None where there is no such file.

    Only shapes are read. Weights that are not trained (of a batch normalisation) count, the states of random generators do not.
    """
    import h5py

    total = 0

    def add(name: str, item: object) -> None:
        nonlocal total
        if isinstance(item, h5py.Dataset) and not {"optimizer", "seed_generator"} & set(name.split("/")):
            total += math.prod(item.shape)

    try:
        with h5py.File(file) as checkpoint:
            checkpoint.visititems(add)
    except OSError:  # not there, cut short, or something else
        return None
    return total or None


# What Ray adds to every result.
_RAYS_OWN = {
    "timestamp", "checkpoint_dir_name", "should_checkpoint", "done", "training_iteration", "trial_id", "date", "pid",
    "time_this_iter_s", "time_total_s", "hostname", "node_ip", "config", "time_since_restore", "timesteps_total",
    "iterations_since_restore", "timesteps_since_restore", "episodes_total", "experiment_tag", "warmup_time",
}  # fmt: skip


def is_ray_tune(path: Path) -> bool:
    """Whether a folder holds trials of Ray Tune."""
    return any(True for _ in _trial_folders(path))


def load_ray_tune(path: str | Path, *, metric: str | None = None, metric_mode: Mode | None = None) -> ImportedResults:
    """The trials of a Ray Tune experiment, from its folder: running, crashed or finished.

    A trial is "failed" where Ray wrote an error, "stopped" where it ended before the longest one, "completed" where it did not,
    "running" where it has not ended (or its process was killed), and "pending" without a result. An epoch is a training
    iteration; one that was reported twice (after a restoration) counts as reported last. Parameters are those of a metric
    or setting called so (``parameters``, ``n_params``, ``total_params`` ...), missing where there is none.

    Args:
        path: the experiment's folder, which has a folder a trial.
        metric: what to rank by; None for the validation accuracy, which is found where it has a usual name.
        metric_mode: what is better of the metric; None to tell it from its name.

    Raises:
        InputError: where the folder has no trials, or no metric is an accuracy.

    >>> len(analysis.load_ray_tune("tests/analysis/imported/ray_tune").trials)
    9
    """
    path = Path(path)
    folders = sorted(_trial_folders(path))
    if not folders:
        raise InputError(f"{path}: has no trials of Ray Tune (folders with params.json); give an experiment's folder")
    notes: list[str] = []
    trials = [_trial(folder, notes) for folder in folders]
    reported = {name for trial in trials for metrics in trial.epochs.values() for name in metrics} - {"seconds"}
    names, guesses = find_metric_names(reported, path, metric=metric, metric_mode=metric_mode)
    return results_of(path, "Ray Tune", _with_statuses(trials), names, [*guesses, *notes])


def _trial_folders(path: Path) -> Iterator[Path]:
    yield from (file.parent for file in path.glob("*/params.json"))
    results = path.glob("*/result.json")
    yield from (file.parent for file in results if not file.with_name("params.json").exists())


def _trial(folder: Path, notes: list[str]) -> ImportedTrial:
    """What a trial's folder says; its status is "ended" where the last result says that it is done."""
    results = _results(folder, notes)
    last = results[-1] if results else {}
    config = flat(_config(folder, last, notes))
    trial = ImportedTrial(str(last.get("trial_id", folder.name)), "pending", config)
    for result in results:
        metrics = {name: value for name, value in flat(result).items() if name.split("/")[0] not in _RAYS_OWN}
        number = result.get("training_iteration")
        if isinstance(number, int | float) and math.isfinite(number):  # an empty cell of progress.csv is NaN
            trial.epochs[int(number)] = {**metrics, "seconds": result.get("time_this_iter_s")}
        trial.parameters = parameters_in(metrics, config) or trial.parameters
    if trial.epochs:
        trial.status = "ended" if last.get("done") in (True, "True") else "running"
    error = folder / "error.txt"
    if error.exists():
        lines = error.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        trial.status, trial.error = "failed", lines[-1] if lines else "the trial failed without a message"
    return trial


def _with_statuses(trials: list[ImportedTrial]) -> list[ImportedTrial]:
    longest = max((max(trial.epochs) for trial in trials if trial.status == "ended"), default=0)
    ends = {True: "completed", False: "stopped"}
    return [
        replace(trial, status=ends[max(trial.epochs) >= longest]) if trial.status == "ended" else trial
        for trial in trials
    ]


def _config(folder: Path, last: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    try:
        config = json.loads((folder / "params.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        notes.append(f"{folder.name}/params.json is missing or damaged: its settings are those in its last result.")
        config = last.get("config")
    return config if isinstance(config, dict) else {}


def _results(folder: Path, notes: list[str]) -> list[dict[str, Any]]:
    """The lines of ``result.json``, else of ``progress.csv``; a truncated line (a crash while writing) is left out."""
    file = folder / "result.json"
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    results = [result for result in map(_parsed, lines) if result is not None]
    truncated = len(lines) - len(results)
    if truncated:
        notes.append(
            f"{folder.name}/result.json: {truncated} damaged {'line' if truncated == 1 else 'lines'} left out."
        )
    return results or _progress(folder / "progress.csv", notes)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        result = json.loads(line)
    except ValueError:
        return None
    return result if isinstance(result, dict) else None


def _progress(file: Path, notes: list[str]) -> list[dict[str, Any]]:
    if not file.exists() or not file.stat().st_size:
        return []
    try:
        rows = pd.read_csv(file, on_bad_lines="skip").to_dict("records")
    except (ValueError, UnicodeDecodeError):
        notes.append(f"{file.parent.name}/progress.csv: damaged, left out.")
        return []
    return [{str(name): value for name, value in row.items()} for row in rows]
