"""One parameter from its YAML form: a value, a list of values, or a mapping that names the kind of its domain."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic.fields import FieldInfo

from search_spaces.config import TrialConfig, checked
from search_spaces.domains import Choice, Domain, Grid, Integer, LogGrid, LogInteger, LogUniform, Uniform, Value
from search_spaces.expressions import Condition, Formula
from search_spaces.wording import did_you_mean

_WHEN = "when"


@dataclass(frozen=True)
class Entry:
    """A parameter as it is written: its domain or formula, and the condition under which it is active."""

    what: Domain | Formula
    condition: Condition | None


def _whole(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError(f"needs whole numbers; received {value}")
    return int(number)


def _number(value: Any) -> float:
    # YAML 1.1 reads 1e-3 as a string for want of a dot; people write it all the same.
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"needs numbers; received {value!r}")
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"needs numbers; received {value!r}") from None


_RANGES: Mapping[str, tuple[Callable[[Any, Any], Domain], Callable[[Any], float]]] = {
    "integer": (Integer, _whole),
    "log_integer": (LogInteger, _whole),
    "uniform": (Uniform, _number),
    "log_uniform": (LogUniform, _number),
}
_GRIDS: Mapping[str, Callable[[Any, Any, Any], Domain]] = {"grid": Grid, "log_grid": LogGrid}
_KINDS = ("choice", *_RANGES, *_GRIDS, "formula")

Ours = Mapping[str, FieldInfo]
"""Our hyperparameters by name, whose bounds hold; none in the space of a custom model, where a name is only a name."""
_NO_HYPERPARAMETERS: Ours = MappingProxyType({})


def _numeric(kind: str, name: str, body: Any, ours: Ours) -> Domain:
    """A range or grid; of a name that is none of our hyperparameters any numbers are legal."""
    field = ours.get(name)
    whole = field is not None and isinstance(field.default, int)
    if field is not None and isinstance(field.default, (bool, str)):
        raise ValueError(f"{name} is not a number; received {kind}: {body!r}; use choice")
    if whole and kind in ("uniform", "log_uniform"):
        raise ValueError(f"{name} is a whole number; received {kind}: {body!r}; use integer or log_integer")
    domain = _range(kind, body) if kind in _RANGES else _grid(kind, body, whole=whole)
    if field is not None:
        for bound in domain.bounds():
            checked(name, bound)
    return domain


def _range(kind: str, body: Any) -> Domain:
    if not isinstance(body, list) or len(body) != 2:
        raise ValueError(f"{kind} needs [low, high]; received {body!r}")
    build, convert = _RANGES[kind]
    return build(convert(body[0]), convert(body[1]))


def _grid(kind: str, body: Any, *, whole: bool) -> Domain:
    if not isinstance(body, list) or len(body) != 3:
        raise ValueError(f"{kind} needs [low, high, points]; received {body!r}")
    convert = _whole if whole or all(isinstance(bound, int) for bound in body[:2]) else _number
    return _GRIDS[kind](convert(body[0]), convert(body[1]), _whole(body[2]))


def _value(name: str, value: Any, ours: Ours) -> Value:
    if name in ours:
        return checked(name, value)
    if not isinstance(value, (bool, int, float, str)):
        raise ValueError(f"needs numbers or words; received {value!r}")
    return value


def _formula(name: str, body: Any) -> Formula:
    if not isinstance(body, (str, int, float)) or isinstance(body, bool):
        raise ValueError(f"formula needs text; received {body!r}; write for instance 8 * width ** phi")
    if name in TrialConfig.model_fields and isinstance(TrialConfig.model_fields[name].default, (bool, str)):
        raise ValueError(f"{name} is not a number; received formula: {body!r}; use choice")
    return Formula(str(body))


def _condition(body: Any, ours: Ours) -> Condition:
    if not isinstance(body, Mapping):
        raise ValueError(f"when needs NAME: VALUE or NAME: [VALUE, ...]; received {body!r}")
    return Condition(
        {
            str(parent): tuple(
                _value(str(parent), value, ours) for value in (values if isinstance(values, list) else [values])
            )
            for parent, values in body.items()
        }
    )


def parse_entry(name: str, body: Any, *, variables: Sequence[str] = (), own: Sequence[str] | None = None) -> Entry:
    """A parameter from its YAML form.

    A scalar is a fixed value, a list a choice, a mapping one of ``choice``, ``integer``, ``log_integer``, ``uniform``,
    ``log_uniform``, ``grid``, ``log_grid`` and ``formula``, to which ``when`` adds a condition.

    Args:
        body: as YAML gives it.
        variables: names that are known beside those of the hyperparameters.
        own: names of the hyperparameters of a custom model, where the space is that model's.

    Raises:
        ValueError: one line without the place, which the caller knows.
    """
    ours = TrialConfig.model_fields if own is None else _NO_HYPERPARAMETERS
    known = (*ours, *variables) if own is None else tuple(own)
    if name not in known:
        raise ValueError(f"unknown hyperparameter; {did_you_mean(name, known)}")
    if not isinstance(body, Mapping):
        return Entry(_choice(name, body, ours), None)
    kinds = {kind: inner for kind, inner in body.items() if kind != _WHEN}
    if len(kinds) != 1 or next(iter(kinds)) not in _KINDS:
        raise ValueError(f"needs one of {', '.join(_KINDS)}; received {dict(body)!r}")
    kind, inner = next(iter(kinds.items()))
    condition = _condition(body[_WHEN], ours) if _WHEN in body else None
    if kind == "choice":
        return Entry(_choice(name, inner, ours), condition)
    return Entry(_formula(name, inner) if kind == "formula" else _numeric(kind, name, inner, ours), condition)


def _choice(name: str, body: Any, ours: Ours) -> Choice:
    return Choice(tuple(_value(name, value, ours) for value in (body if isinstance(body, list) else [body])))


def parse_domain(name: str, body: Any, *, variables: Sequence[str] = (), own: Sequence[str] | None = None) -> Domain:
    """As ``parse_entry``, for a domain alone.

    Raises:
        ValueError: also where the body has a condition or is a formula.
    """
    entry = parse_entry(name, body, variables=variables, own=own)
    if entry.condition is not None or isinstance(entry.what, Formula):
        raise ValueError(f"needs a domain alone; received {body!r}; write conditions and formulas in a space's file")
    return entry.what


def entry_body(entry: Entry) -> Any:
    """The YAML form of a parameter; reading it back gives an equal one."""
    what = entry.what
    body: Any
    if isinstance(what, Choice):
        if entry.condition is None and len(what.values) == 1:
            return what.values[0]
        body = {"choice": list(what.values)}
    elif isinstance(what, Formula):
        body = {"formula": what.text}
    elif isinstance(what, Grid):
        body = {what.KIND: [*what.bounds(), what.points]}
    else:
        body = {next(kind for kind, (build, _) in _RANGES.items() if build is type(what)): list(what.bounds())}
    if entry.condition is not None:
        allowed = entry.condition.allowed.items()
        body[_WHEN] = {parent: values[0] if len(values) == 1 else list(values) for parent, values in allowed}
    return body
