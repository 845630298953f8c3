"""What a search found: loads run folders, ranks, explains and draws. Imports neither Ray nor TensorFlow.

The charts are in ``analysis.charts``, the HTML report in ``analysis.report``.
"""

from analysis.any_results import load_results
from analysis.calibration import calibration_bins, calibration_error, overconfidence
from analysis.comparing import compare, trials_of
from analysis.confirmation import Confirmation, confirmation
from analysis.confusion import confusion, recalls
from analysis.costs import accuracy_costs
from analysis.curves import learning_curves, overfitting_epochs
from analysis.decision import Decision, decide
from analysis.effects import effects, interactions
from analysis.foreign.keras_tuner import load_keras_tuner
from analysis.foreign.ray_tune import load_ray_tune
from analysis.foreign.results import ForeignResults
from analysis.fronts import frontier, knee, knee_heights, layers
from analysis.hypervolume import REFERENCE, Reference, hypervolume
from analysis.importance import importance
from analysis.loading import Run, load, load_many
from analysis.predictions import predictions
from analysis.ranking import rank
from analysis.references import references
from analysis.repeated import by_configuration
from analysis.scaling import ScalingFit, scaling_fit
from analysis.time_spent import time_spent

__all__ = [
    "REFERENCE",
    "Confirmation",
    "Decision",
    "ForeignResults",
    "Reference",
    "Run",
    "ScalingFit",
    "accuracy_costs",
    "by_configuration",
    "calibration_bins",
    "calibration_error",
    "compare",
    "confirmation",
    "confusion",
    "decide",
    "effects",
    "frontier",
    "hypervolume",
    "importance",
    "interactions",
    "knee",
    "knee_heights",
    "layers",
    "learning_curves",
    "load",
    "load_keras_tuner",
    "load_many",
    "load_ray_tune",
    "load_results",
    "overconfidence",
    "overfitting_epochs",
    "predictions",
    "rank",
    "recalls",
    "references",
    "scaling_fit",
    "time_spent",
    "trials_of",
]
