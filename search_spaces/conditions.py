"""Conditions: a hyperparameter that is active only where others have certain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from search_spaces.domains import Value


@dataclass(frozen=True)
class Condition:
    """Holds where every named hyperparameter is active and has one of its listed values.

    Attributes:
        allowed: the values by name, at least one name and at least one value each.
    """

    allowed: Mapping[str, tuple[Value, ...]]

    def __post_init__(self) -> None:
        """Refuses a condition on nothing, and makes the mapping read-only."""
        if not self.allowed or not all(self.allowed.values()):
            raise ValueError(f"when needs NAME: VALUE or NAME: [VALUE, ...]; received {dict(self.allowed)!r}")
        object.__setattr__(self, "allowed", MappingProxyType(dict(self.allowed)))

    def __reduce__(self) -> tuple[type["Condition"], tuple[dict[str, tuple[Value, ...]]]]:
        """Read-only mappings cannot be copied or pickled, which is what Ray Tune does with whatever it is given."""
        return Condition, (dict(self.allowed),)

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Whether it holds, given the values of all active hyperparameters."""
        return all(name in values and values[name] in allowed for name, allowed in self.allowed.items())

    def __str__(self) -> str:
        """The condition for people."""
        return " and ".join(f"{name} is {' | '.join(map(_text, allowed))}" for name, allowed in self.allowed.items())


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def parents_first(names: Iterable[str], parents: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The names in an order in which each comes after its parents, otherwise as they were given.

    Args:
        names: all of them.
        parents: the names that a name depends on; names without an entry depend on none.

    Raises:
        ValueError: where names depend on one another in a circle; names it.
    """
    ordered: dict[str, None] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            raise ValueError(f"{name}: depends on itself ({circle}); take one of these out")
        if name not in ordered:
            for parent in parents.get(name, ()):
                visit(parent, (*path, name))
            ordered[name] = None

    for name in names:
        visit(name, ())
    return tuple(ordered)
