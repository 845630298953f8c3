"""Reads spaces from YAML and single domains from ``--set``, with errors that name file, key and value."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from search_spaces.config import TrialConfig
from search_spaces.domains import Choice, Domain, Integer, LogInteger, LogUniform, Uniform, Value
from search_spaces.space import Space

_SPACE_KEYS = ("name", "description", "parameters")


class SpaceError(ValueError):
    """A space that cannot be read. One line: where, what was received, what to do."""


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
    except ValueError:
        raise ValueError(f"needs numbers; received {value!r}") from None


_RANGES: Mapping[str, tuple[Callable[[Any, Any], Domain], Callable[[Any], float]]] = {
    "integer": (Integer, _whole),
    "log_integer": (LogInteger, _whole),
    "uniform": (Uniform, _number),
    "log_uniform": (LogUniform, _number),
}
_KINDS = ("choice", *_RANGES)


def _did_you_mean(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"


def _adapter(name: str) -> TypeAdapter[Any]:
    field = TrialConfig.model_fields[name]
    return TypeAdapter(field.rebuild_annotation())


def _checked(name: str, value: Any) -> Value:
    """One value of a hyperparameter, as its own type."""
    try:
        checked: Value = _adapter(name).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise ValueError(f"{reason[0].lower()}{reason[1:]}; received {value!r}") from None
    if isinstance(checked, int) and not isinstance(checked, bool) and isinstance(value, bool):
        raise ValueError(f"needs a number; received {value!r}")
    return checked


def _range(kind: str, name: str, body: Any) -> Domain:
    if not isinstance(body, list) or len(body) != 2:
        raise ValueError(f"{kind} needs [low, high]; received {body!r}")
    build, convert = _RANGES[kind]
    if isinstance(TrialConfig.model_fields[name].default, (bool, str)):
        raise ValueError(f"{name} is not a number; received {kind}: {body!r}; use choice")
    if kind in ("uniform", "log_uniform") and isinstance(TrialConfig.model_fields[name].default, int):
        raise ValueError(f"{name} is a whole number; received {kind}: {body!r}; use integer or log_integer")
    domain = build(convert(body[0]), convert(body[1]))
    for bound in domain.bounds():
        _checked(name, bound)
    return domain


def parse_domain(name: str, body: Any) -> Domain:
    """One hyperparameter's domain from its YAML form.

    A scalar is a fixed value, a list a choice, a mapping one of ``choice``, ``integer``, ``log_integer``, ``uniform``,
    ``log_uniform``.

    Raises:
        ValueError: one line without the place, which the caller knows.
    """
    known = tuple(TrialConfig.model_fields)
    if name not in known:
        raise ValueError(f"unknown hyperparameter; {_did_you_mean(name, known)}")
    if isinstance(body, Mapping):
        if len(body) != 1 or next(iter(body)) not in _KINDS:
            raise ValueError(f"needs one of {', '.join(_KINDS)}; received {dict(body)!r}")
        kind, inner = next(iter(body.items()))
        if kind != "choice":
            return _range(kind, name, inner)
        body = inner if isinstance(inner, list) else [inner]
    values = body if isinstance(body, list) else [body]
    return Choice(tuple(_checked(name, value) for value in values))


def parse_setting(setting: str) -> tuple[str, Domain]:
    """``NAME=VALUE`` of the command line: one value, several with commas, or a domain in YAML braces.

    Raises:
        SpaceError: one line with the setting as it was given.
    """
    name, equals, text = setting.partition("=")
    name = name.strip()
    if not equals or not text.strip():
        raise SpaceError(f"--set {setting}: needs NAME=VALUE, for instance units=32 or units=16,32,64")
    try:
        body = yaml.safe_load(text if text.strip().startswith(("{", "[")) else f"[{text}]")
        return name, parse_domain(name, body)
    except yaml.YAMLError:
        raise SpaceError(
            f"--set {setting}: the value is not readable as YAML; write for instance units=16,32"
        ) from None
    except ValueError as error:
        raise SpaceError(f"--set {setting}: {error}") from None


def read_space(path: Path) -> Space:
    """A space from a YAML file with the keys ``name``, ``description`` and ``parameters``.

    Raises:
        SpaceError: one line that names the file, the key and the value.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpaceError(f"{path}: cannot be read ({error.strerror}); give a readable YAML file") from None
    except UnicodeDecodeError:
        raise SpaceError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # ValueError: PyYAML's constructor lets a bad date or number escape as one.
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise SpaceError(f"{path}: is not YAML{where}; see `python -m tuner spaces frontier` for the form") from None
    if not isinstance(content, dict):
        raise SpaceError(f"{path}: needs a mapping with the key parameters; received {type(content).__name__}")
    for key in content:
        if key not in _SPACE_KEYS:
            raise SpaceError(f"{path}: {key}: unknown key; {_did_you_mean(str(key), _SPACE_KEYS)}")
    bodies = content.get("parameters")
    if not isinstance(bodies, dict) or not bodies:
        raise SpaceError(f"{path}: parameters: needs at least one hyperparameter; received {bodies!r}")
    parameters = {}
    for name, body in bodies.items():
        try:
            parameters[str(name)] = parse_domain(str(name), body)
        except ValueError as error:
            raise SpaceError(f"{path}: parameters.{name}: {error}") from None
    return Space(str(content.get("name", path.stem)), parameters, " ".join(str(content.get("description", "")).split()))


def space_document(space: Space) -> dict[str, Any]:
    """The YAML form of a space; reading it back gives an equal space."""
    parameters: dict[str, Any] = {}
    for name, domain in space.parameters.items():
        if isinstance(domain, Choice):
            parameters[name] = domain.values[0] if len(domain.values) == 1 else {"choice": list(domain.values)}
        else:
            kind = next(kind for kind, (build, _) in _RANGES.items() if build is type(domain))
            parameters[name] = {kind: list(domain.bounds())}
    return {"name": space.name, "description": space.description, "parameters": parameters}
