"""A space: a domain for each hyperparameter that varies, everything else at its default."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from search_spaces.config import Config, CustomConfig, TrialConfig, config_of, evaluate_formulas
from search_spaces.domains import Domain, Value
from search_spaces.expressions import Condition, Formula
from search_spaces.structure import check_structure, draw_order, idle_variables, resolve_conditions


@dataclass(frozen=True)
class Space:
    """Named domains. Hyperparameters that a space does not name keep the default of ``TrialConfig``.

    Attributes:
        name: what the space is called in tables and in ``search.yaml``.
        parameters: what is searched: a hyperparameter's name, or that of a variable of which formulas are made, to its
            domain, in the order in which they are drawn and listed (those that conditions ask about come first).
        description: one or two sentences for people.
        conditions: by name, where a parameter or formula is active only under given values of others; inactive ones keep
            the default.
        formulas: hyperparameters, or further variables, that follow from other numbers.
        max_params: no network of more parameters than this, None for no bound. Counting is the search's part.
        own: the default of every parameter, where they are those of a custom model and no others exist; None where
            they are ``TrialConfig``'s.
    """

    name: str
    parameters: Mapping[str, Domain]
    description: str = field(default="", compare=False)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    max_params: int | None = None
    own: Mapping[str, Value] | None = None

    def __post_init__(self) -> None:
        """Refuses a space that contradicts itself, and makes the mappings read-only, so that a space can be shared.

        Raises:
            ValueError: one line that begins with the parameter's name.
        """
        check_structure(self.parameters, self.conditions, self.formulas, hyperparameters=self.hyperparameters)
        if self.max_params is not None and self.max_params < 1:
            raise ValueError(f"max_params must be at least 1; received {self.max_params}")
        order = draw_order(self.parameters, self.conditions, self.formulas)
        for attribute in ("parameters", "conditions", "formulas"):
            content: Mapping[str, Any] = getattr(self, attribute)
            ordered = {name: content[name] for name in order if name in content}
            object.__setattr__(self, attribute, MappingProxyType(ordered))

    @property
    def hyperparameters(self) -> Collection[str]:
        """Names that a configuration can have."""
        return TrialConfig.model_fields if self.own is None else self.parameters

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Names that are no hyperparameters but serve the formulas."""
        return tuple(name for name in (*self.parameters, *self.formulas) if name not in self.hyperparameters)

    @property
    def conditional(self) -> bool:
        """Whether what is active depends on what was chosen."""
        return bool(self.conditions)

    def active(self, name: str, values: Mapping[str, Value]) -> bool:
        """Whether a parameter or formula is active, given the values of all active parameters that come before it."""
        condition = self.conditions.get(name)
        return condition is None or condition.holds(values)

    def draw(self, generator: np.random.Generator, *, near_defaults: bool = False) -> dict[str, Value]:
        """Draws a value of every active parameter, one after another from the generator's stream.

        Args:
            generator: where the numbers come from.
            near_defaults: take the default of every hyperparameter whose domain holds it.
        """
        values: dict[str, Value] = {}
        for name, domain in self.parameters.items():
            if self.active(name, values):
                drawn = domain.sample(generator)
                default = self._default(name)
                values[name] = default if near_defaults and default is not None and default in domain else drawn
        return values

    def config(self, values: Mapping[str, Value]) -> Config:
        """The configuration that values of the active parameters mean, formulas evaluated.

        Raises:
            CombinationError: where a formula gives a value that its hyperparameter cannot have, or the values mean
                nothing together.
        """
        if self.own is not None:
            return CustomConfig.of(values)
        active = {name: formula for name, formula in self.formulas.items() if self.active(name, values)}
        return config_of(evaluate_formulas(values, active))

    def values(self, config: Mapping[str, Value]) -> dict[str, Value]:
        """The inverse of ``config``: what was chosen for the active parameters.

        Args:
            config: as it is recorded: ``model_dump()`` of a configuration.

        Raises:
            ValueError: where the space has variables, which a configuration does not keep.
            KeyError: where the configuration is of another space and lacks a parameter.
        """
        if self.variables:
            raise ValueError(
                f"space {self.name} has variables ({', '.join(self.variables)}), which no configuration keeps"
            )
        values: dict[str, Value] = {}
        for name in self.parameters:
            if self.active(name, values):
                values[name] = config[name]
        return values

    def sample(self, generator: np.random.Generator, *, near_defaults: bool = False) -> Config:
        """Draws one configuration, as ``draw`` does."""
        return self.config(self.draw(generator, near_defaults=near_defaults))

    def continuous(self) -> tuple[str, ...]:
        """Names of the parameters that have no finite list of values: what keeps a space from being a grid."""
        return tuple(name for name, domain in self.parameters.items() if domain.grid() is None)

    def grid_size(self) -> int | None:
        """Number of grid points, or None where a domain has no finite list of values."""
        if self.continuous():
            return None
        if self.formulas:  # rounding may make equal configurations of different variables: only a list tells how many
            return sum(1 for _ in self.grid())
        return self._count({}, tuple(self.parameters))

    def _count(self, values: dict[str, Value], left: tuple[str, ...]) -> int:
        if not left:
            return 1
        name, rest = left[0], left[1:]
        if not self.active(name, values):
            return self._count(values, rest)
        choices = self.parameters[name].grid() or ()
        if not any(name in condition.allowed for condition in self.conditions.values()):
            return len(choices) * self._count(values, rest)
        return sum(self._count({**values, name: choice}, rest) for choice in choices)

    def grid(self) -> Iterator[Config]:
        """Every configuration once, the last parameter varying fastest.

        Raises:
            ValueError: where a domain has no finite list of values.
        """
        if self.continuous():
            raise ValueError(
                f"space {self.name} is no grid: {', '.join(self.continuous())} has no finite list of values"
            )
        seen: set[Config] = set()
        for values in self._points({}, tuple(self.parameters)):
            config = self.config(values)
            if self.formulas:
                if config in seen:
                    continue
                seen.add(config)
            yield config

    def _points(self, values: dict[str, Value], left: tuple[str, ...]) -> Iterator[dict[str, Value]]:
        if not left:
            yield values
        elif not self.active(left[0], values):
            yield from self._points(values, left[1:])
        else:
            for choice in self.parameters[left[0]].grid() or ():
                yield from self._points({**values, left[0]: choice}, left[1:])

    def replaced(self, changes: Mapping[str, Domain]) -> "Space":
        """The same space with some domains exchanged or added; conditions that are decided by that are resolved.

        A parameter keeps its condition, and leaves the space where that can never hold any more. A domain for a formula's
        name takes the formula's place.

        Raises:
            ValueError: where a changed parameter could never be active; one line that begins with its name.
        """
        parameters = {**self.parameters, **changes}
        conditions = resolve_conditions(parameters, self.conditions, asked=tuple(changes))
        never = (set(parameters) | set(self.conditions)) - set(conditions)
        formulas = {name: made for name, made in self.formulas.items() if name not in changes and name not in never}
        searched = {name: domain for name, domain in parameters.items() if name not in never}
        idle = idle_variables(searched, formulas, self.hyperparameters) - set(changes)
        return Space(
            self.name,
            {name: domain for name, domain in searched.items() if name not in idle},
            self.description,
            {name: condition for name, condition in conditions.items() if condition is not None},
            {name: made for name, made in formulas.items() if name not in idle},
            self.max_params,
            self.own,
        )

    def varying(self) -> tuple[str, ...]:
        """Names of the parameters that can take more than one value, the default of a conditional one counted."""
        return tuple(
            name
            for name, domain in self.parameters.items()
            if name in self.conditions or (values := domain.grid()) is None or len(values) > 1
        )

    def described(self, name: str) -> str:
        """A parameter's domain or a formula for people, with its condition."""
        what = self.formulas[name] if name in self.formulas else self.parameters[name]
        condition = self.conditions.get(name)
        return f"{what}, only if {condition}" if condition else str(what)

    def _default(self, name: str) -> Value | None:
        """A hyperparameter's default; None for a variable, which has none."""
        if self.own is not None:
            return self.own.get(name)
        field = TrialConfig.model_fields.get(name)
        return None if field is None else field.default
