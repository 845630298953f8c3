"""Reads what Ray Tune and KerasTuner left behind, without either of them: trials and epochs as of a run of ours."""

from analysis.importers.keras_tuner import load_keras_tuner
from analysis.importers.ray_tune import load_ray_tune
from analysis.importers.results import ImportedResults

__all__ = ["ImportedResults", "load_keras_tuner", "load_ray_tune"]
