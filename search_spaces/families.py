"""The two families of models that trials can be of: the built-in networks, and a custom model of the user's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search_spaces.config import CustomConfig, TrialConfig
from search_spaces.custom_space import Kind
from search_spaces.domains import Value


class BuiltInNetworks:
    """``TrialConfig``; what an older version did not know when it recorded a trial was at its default then."""

    own: dict[str, Kind] | None = None
    """The hyperparameters of a custom model with their types, as the journal has them; None for built-in networks."""

    @property
    def kinds(self) -> Mapping[str, str]:
        """The type of the values of every hyperparameter, by name."""
        return {name: type(field.default).__name__ for name, field in TrialConfig.model_fields.items()}

    def config(self, values: Mapping[str, Any]) -> TrialConfig:
        """The configuration that was recorded as these values.

        Raises:
            ValueError: where a value cannot be, or a name is none of a hyperparameter.
        """
        return TrialConfig(**values)

    def cells(self, values: Mapping[str, Any]) -> dict[str, Value]:
        """Recorded values as the cells of a table."""
        return {name: values.get(name, field.default) for name, field in TrialConfig.model_fields.items()}


@dataclass(frozen=True)
class CustomModels:
    """``CustomConfig``, which has values for the active hyperparameters alone."""

    own: dict[str, Kind]

    @property
    def kinds(self) -> Mapping[str, str]:
        """As of the built-in networks."""
        return self.own

    def config(self, values: Mapping[str, Any]) -> CustomConfig:
        """As of the built-in networks."""
        unknown = [name for name in values if name not in self.own]
        if unknown:
            raise ValueError(f"the model has no hyperparameter {unknown[0]}")
        return CustomConfig.of(values)

    def cells(self, values: Mapping[str, Any]) -> dict[str, Value]:
        """Recorded values as the cells of a table."""
        known = {name: kind for name, kind in self.own.items() if name in values}
        # Text where a hyperparameter's values are of several types: a column has one.
        return {name: str(values[name]) if kind == "str" else values[name] for name, kind in known.items()}


ModelFamily = BuiltInNetworks | CustomModels
"""What a family's hyperparameters are, and how they are recorded."""

BUILT_IN = BuiltInNetworks()


def family_of(own: dict[str, Kind] | None) -> ModelFamily:
    """The family that the journal names."""
    return BUILT_IN if own is None else CustomModels(own)
