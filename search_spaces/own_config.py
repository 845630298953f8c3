"""The configuration of a user's own model, whose hyperparameters only that model knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from search_spaces.config import TrialConfig
from search_spaces.domains import Value


@dataclass(frozen=True)
class OwnConfig:
    """The values of a model's active hyperparameters, by name in the order of its space. Immutable.

    One that is inactive, because it stands in a conditional scope of another choice, is not there.
    """

    values: tuple[tuple[str, Value], ...]

    @classmethod
    def of(cls, values: Mapping[str, Value]) -> Self:
        """From the values by name."""
        return cls(tuple(values.items()))

    def model_dump(self) -> dict[str, Value]:
        """The values by name: what is recorded, as of a ``TrialConfig``."""
        return dict(self.values)


Config = TrialConfig | OwnConfig
"""What a trial can be of: one of our networks, or a user's own model."""
