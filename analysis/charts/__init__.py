"""Charts of what a search found, one function a chart. Each returns an Altair chart that displays in a notebook.

``save(chart, "frontier.png")`` (or ``.svg``) writes one to a file without a browser.
"""

from analysis.charts.calibration import calibration
from analysis.charts.comparison import compare_frontiers
from analysis.charts.confirmation import confirmation
from analysis.charts.confusion import confusion
from analysis.charts.effect import effect
from analysis.charts.frontier import frontier
from analysis.charts.importance import importance
from analysis.charts.interaction import interaction
from analysis.charts.learning_curves import learning_curves, trial_curve
from analysis.charts.saving import save
from analysis.charts.scaling import scaling
from analysis.charts.time_spent import time_spent

__all__ = [
    "calibration",
    "compare_frontiers",
    "confirmation",
    "confusion",
    "effect",
    "frontier",
    "importance",
    "interaction",
    "learning_curves",
    "save",
    "scaling",
    "time_spent",
    "trial_curve",
]
