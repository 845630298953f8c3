"""A space: a domain for each hyperparameter that varies, everything else at its default."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from search_spaces.config import TrialConfig
from search_spaces.domains import Choice, Domain, Value


@dataclass(frozen=True)
class Space:
    """Named domains. Hyperparameters that a space does not name keep the default of ``TrialConfig``.

    Attributes:
        name: what the space is called in tables and in ``search.yaml``.
        parameters: hyperparameter name to domain, in the order in which they are drawn and listed.
        description: one or two sentences for people.
    """

    name: str
    parameters: Mapping[str, Domain]
    description: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Makes the mapping read-only, so that a space can be shared."""
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))

    @property
    def variables(self) -> tuple[str, ...]:
        """Names that are no hyperparameters."""
        return ()

    @property
    def conditional(self) -> bool:
        """Whether what is active depends on what was chosen."""
        return False

    def config(self, values: Mapping[str, Value]) -> TrialConfig:
        """The configuration that values of the active parameters mean."""
        return TrialConfig(**values)

    def values(self, config: TrialConfig) -> dict[str, Value]:
        """The inverse of ``config``: what was chosen for the active parameters."""
        return {name: getattr(config, name) for name in self.parameters}

    def sample(self, generator: np.random.Generator) -> TrialConfig:
        """Draws one configuration, one number of the generator's stream after another in the order of the parameters."""
        return TrialConfig(**{name: domain.sample(generator) for name, domain in self.parameters.items()})

    def continuous(self) -> tuple[str, ...]:
        """Names of the hyperparameters that have no finite list of values: what keeps a space from being a grid."""
        return tuple(name for name, domain in self.parameters.items() if domain.grid() is None)

    def grid_size(self) -> int | None:
        """Number of grid points, or None where a domain has no finite list of values."""
        if self.continuous():
            return None
        return int(np.prod([len(domain.grid() or ()) for domain in self.parameters.values()], dtype=np.int64))

    def grid(self) -> Iterator[TrialConfig]:
        """Every configuration, the last parameter varying fastest.

        Raises:
            ValueError: where a domain has no finite list of values.
        """
        if self.continuous():
            raise ValueError(
                f"space {self.name} is no grid: {', '.join(self.continuous())} has no finite list of values"
            )
        axes = [domain.grid() or () for domain in self.parameters.values()]
        for point in itertools.product(*axes):
            yield TrialConfig(**dict(zip(self.parameters, point, strict=True)))

    def towards_defaults(self, config: TrialConfig) -> TrialConfig:
        """The configuration with the default of every hyperparameter whose domain holds it."""
        fields = TrialConfig.model_fields
        held = {
            name: fields[name].default for name, domain in self.parameters.items() if fields[name].default in domain
        }
        return config.model_copy(update=held)

    def replaced(self, changes: Mapping[str, Domain]) -> "Space":
        """The same space with some domains exchanged or added."""
        return Space(self.name, {**self.parameters, **changes}, self.description)

    def varying(self) -> tuple[str, ...]:
        """Names of the hyperparameters that can take more than one value."""
        return tuple(
            name
            for name, domain in self.parameters.items()
            if not (isinstance(domain, Choice) and len(domain.values) == 1)
        )
