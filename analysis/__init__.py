"""What a search found: loads run folders, ranks accuracy against parameters. Imports neither Ray nor TensorFlow."""

from analysis.frontier import frontier, knee
from analysis.load import Run, load
from analysis.rank import rank

__all__ = ["Run", "frontier", "knee", "load", "rank"]
