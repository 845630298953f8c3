"""What a trial can be, and the spaces that a search draws from. Imports neither Ray nor TensorFlow."""

from search_spaces.config import CombinationError, TrialConfig
from search_spaces.documents import SpaceError, read_space
from search_spaces.domains import Choice, Domain, Grid, Integer, LogGrid, LogInteger, LogUniform, Uniform
from search_spaces.expressions import Condition, Formula
from search_spaces.named import named_space, named_spaces
from search_spaces.parsing import parse_domain
from search_spaces.space import Space

__all__ = [
    "Choice",
    "CombinationError",
    "Condition",
    "Domain",
    "Formula",
    "Grid",
    "Integer",
    "LogGrid",
    "LogInteger",
    "LogUniform",
    "Space",
    "SpaceError",
    "TrialConfig",
    "Uniform",
    "named_space",
    "named_spaces",
    "parse_domain",
    "read_space",
]
