"""Charts of what a search found, one function a chart. Each returns an Altair chart that displays in a notebook.

``save(chart, "frontier.png")`` (or ``.svg``) writes one to a file without a browser.
"""

from analysis.charts.confirmed import calibration, confirmation, confusion
from analysis.charts.frontier import compare_frontiers, frontier, scaling
from analysis.charts.hyperparameters import effect, importance, interaction
from analysis.charts.theme import save
from analysis.charts.training import learning_curves, time_spent, trial_curve

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
