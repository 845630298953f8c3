"""Reads what Ray Tune and KerasTuner left behind, without either of them: trials and epochs as of a run of ours."""

from analysis.foreign.keras_tuner import load_keras_tuner
from analysis.foreign.ray_tune import load_ray_tune
from analysis.foreign.results import ForeignResults

__all__ = ["ForeignResults", "load_keras_tuner", "load_ray_tune"]
