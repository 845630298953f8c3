"""Loads what is there: a run of ours, or a folder of another tool."""

from pathlib import Path

from analysis.importers.keras_tuner import is_keras_tuner, load_keras_tuner
from analysis.importers.ray_tune import is_ray_tune, load_ray_tune
from analysis.importers.results import ImportedResults
from analysis.loading import Run, load
from tuner.runs.location import runs_folder


def load_results(run: str | Path, *, runs_dir: Path | None = None) -> Run | ImportedResults:
    """A run by name or folder, else the trials of a Ray Tune or KerasTuner folder.

    Raises:
        InputError: where it is none of them.
    """
    path, runs_dir = Path(run), runs_dir or runs_folder()
    if path.is_dir() and not any((place / "search.yaml").is_file() for place in (runs_dir / run, path)):
        if is_keras_tuner(path):
            return load_keras_tuner(path)
        if is_ray_tune(path):
            return load_ray_tune(path)
    return load(run, runs_dir=runs_dir)
