"""What a search found: loads run folders, ranks accuracy against parameters. Imports neither Ray nor TensorFlow."""

from analysis.fronts import frontier, knee
from analysis.loading import Run, load
from analysis.ranking import rank

__all__ = ["Run", "frontier", "knee", "load", "rank"]
