"""What a search found: loads run folders, ranks, explains and draws. Imports neither Ray nor TensorFlow.

The charts are in ``analysis.charts``, the HTML report in ``analysis.report``. Examples are of the run that is shipped:

>>> run = analysis.load("analysis/sample_run")
>>> trials = run.candidates
"""

from analysis.comparing import compare, trials_of
from analysis.compound_scaling import CompoundScaling, scale
from analysis.confirmation import Confirmation, confirmation
from analysis.curves import WallTime, learning_curves, overfitting_epochs, time_spent, wall_time
from analysis.effects import effects, importance, interactions
from analysis.ensembles import Ensemble, ensemble
from analysis.forecast import forecast
from analysis.frontier import (
    REFERENCE,
    Reference,
    accuracy_costs,
    frontier,
    hypervolume,
    knee,
    knee_heights,
    pareto_ranks,
)
from analysis.importers.keras_tuner import load_keras_tuner
from analysis.importers.ray_tune import load_ray_tune
from analysis.importers.results import ImportedResults
from analysis.loading import Run, load, load_many, load_results
from analysis.predictions import calibration_bins, calibration_error, confusion, overconfidence, predictions, recalls
from analysis.ranking import by_configuration, rank
from analysis.recommendation import Recommendation, recommend
from analysis.references import references
from analysis.scaling import ScalingFit, scaling_fit

__all__ = [
    "REFERENCE",
    "CompoundScaling",
    "Confirmation",
    "Ensemble",
    "ImportedResults",
    "Recommendation",
    "Reference",
    "Run",
    "ScalingFit",
    "WallTime",
    "accuracy_costs",
    "by_configuration",
    "calibration_bins",
    "calibration_error",
    "compare",
    "confirmation",
    "confusion",
    "effects",
    "ensemble",
    "forecast",
    "frontier",
    "hypervolume",
    "importance",
    "interactions",
    "knee",
    "knee_heights",
    "learning_curves",
    "load",
    "load_keras_tuner",
    "load_many",
    "load_ray_tune",
    "load_results",
    "overconfidence",
    "overfitting_epochs",
    "pareto_ranks",
    "predictions",
    "rank",
    "recalls",
    "recommend",
    "references",
    "scale",
    "scaling_fit",
    "time_spent",
    "trials_of",
    "wall_time",
]
