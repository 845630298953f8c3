"""Hyperparameters that depend on others: conditions under which they are active, formulas that they follow from."""

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

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
        return " and ".join(
            f"{name} is {' | '.join(map(value_text, allowed))}" for name, allowed in self.allowed.items()
        )


def value_text(value: Value) -> str:
    """A value as YAML has it."""
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


_LONGEST = 200  # characters: more is a program, and nests deeper than Python's parser goes
_OPERATORS: Mapping[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}
_FUNCTIONS: Mapping[str, Callable[..., float]] = {"min": min, "max": max}
_KNOWN = "numbers, names, + - * / **, parentheses, min and max"


@dataclass(frozen=True)
class Formula:
    """Arithmetic over the space's other numbers: ``8 * width ** phi``.

    Computed with floating-point numbers throughout, so that no power can run away with time or memory.

    Attributes:
        text: the formula, of numbers, names, ``+ - * / **``, parentheses, ``min`` and ``max``.
    """

    text: str

    def __post_init__(self) -> None:
        _check(self._tree, self.text)

    @cached_property
    def _tree(self) -> ast.expr:
        if len(self.text) > _LONGEST:
            raise ValueError(f"formula is longer than {_LONGEST} characters; split it into variables")
        try:
            return ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            raise ValueError(f"formula {self.text!r} cannot be read; write {_KNOWN}") from None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names in it, sorted."""
        found = {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}
        return tuple(sorted(found - set(_FUNCTIONS)))

    def evaluate(self, values: Mapping[str, Value]) -> float:
        """The number that it gives.

        Args:
            values: at least all of ``names``, numbers.

        Raises:
            ValueError: where it gives no finite number; one line with the formula and the values.
        """
        try:
            result: Any = _evaluate(self._tree, values)
        except (ArithmeticError, TypeError, ValueError):
            result = math.nan
        if isinstance(result, complex) or not math.isfinite(result):
            given = ", ".join(f"{name}={values[name]}" for name in self.names)
            raise ValueError(f"{self.text} gives no number{' for ' + given if given else ''}; change it or the values")
        return float(result)

    def __str__(self) -> str:
        return f"= {self.text}"


def _check(node: ast.AST, text: str) -> None:
    match node:
        case ast.BinOp(op=op) | ast.UnaryOp(op=op) if type(op) in _OPERATORS:
            parts = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.operand]
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if name in _FUNCTIONS and len(parts) > 1:
            pass
        case ast.Name() | ast.Constant(value=int() | float()) if not isinstance(getattr(node, "value", None), bool):
            parts = []
        case _:
            raise ValueError(f"formula {text!r} holds {ast.unparse(node)!r}; write {_KNOWN}")
    for part in parts:
        _check(part, text)


def _evaluate(node: ast.expr, values: Mapping[str, Value]) -> Any:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATORS[type(op)](_evaluate(operand, values))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*(_evaluate(argument, values) for argument in arguments))
        case ast.Name(id=name):
            return float(values[name])
        case ast.Constant(value=int() | float() as number):
            return float(number)
    raise TypeError(f"{type(node).__name__} was checked and is none of the above")
