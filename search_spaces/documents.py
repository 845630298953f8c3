"""Spaces as documents: read from YAML and from settings, and written back, with errors that name file, key and value."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from search_spaces.config import CombinationError, TrialConfig, evaluate_formulas
from search_spaces.domains import Domain, Value
from search_spaces.expressions import Formula
from search_spaces.parsing import Entry, entry_body, parse_domain, parse_entry
from search_spaces.space import Space
from search_spaces.wording import did_you_mean

EXPERIMENT = "experiment"
"""The key under which a named space says how its experiment was done; ``search_spaces.experiment`` reads it."""

_SPACE_KEYS = ("name", "description", "variables", "parameters", "constraints", EXPERIMENT)
_CONSTRAINTS = ("max_params",)
_MOST_CORNERS = 4096


class SpaceError(ValueError):
    """A space that cannot be read. One line: where, what was received, what to do."""


def space_of(document: Mapping[str, Any], *, origin: str, name: str) -> Space:
    """A space from its YAML form.

    Args:
        document: with the keys that ``read_space`` lists.
        origin: what errors begin with: the file.
        name: what the space is called where the document does not say.

    Raises:
        SpaceError: one line that names the origin, the key and the value.
    """
    for key in document:
        if key not in _SPACE_KEYS:
            raise SpaceError(f"{origin}: {key}: unknown key; {did_you_mean(str(key), _SPACE_KEYS)}")
    parameters, variables = _mapping(document, "parameters", origin), _mapping(document, "variables", origin)
    if not parameters:
        raise SpaceError(
            f"{origin}: parameters: needs at least one hyperparameter; received {document.get('parameters')!r}"
        )
    for variable in variables:
        if variable in TrialConfig.model_fields:
            raise SpaceError(f"{origin}: variables.{variable}: is a hyperparameter; move it to parameters")
        if variable in parameters:
            raise SpaceError(f"{origin}: parameters.{variable}: is a variable too; take one of them out")
    max_params = _max_params(document, origin)
    entries: dict[str, Entry] = {}
    for name_of, body in (variables | parameters).items():
        try:
            entries[name_of] = parse_entry(name_of, body, variables=tuple(variables))
        except ValueError as error:
            key = "variables" if name_of in variables else "parameters"
            raise SpaceError(f"{origin}: {key}.{name_of}: {error}") from None
    try:
        space = Space(
            str(document.get("name", name)),
            {key: entry.what for key, entry in entries.items() if not isinstance(entry.what, Formula)},
            " ".join(str(document.get("description", "")).split()),
            {key: entry.condition for key, entry in entries.items() if entry.condition is not None},
            {key: entry.what for key, entry in entries.items() if isinstance(entry.what, Formula)},
            max_params,
        )
        _check_conditions(space)
        _check_formulas(space)
    except (ValueError, CombinationError) as error:
        raise SpaceError(f"{origin}: parameters.{error}") from None
    return space


def _mapping(document: Mapping[str, Any], key: str, origin: str) -> dict[str, Any]:
    content = document.get(key)
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise SpaceError(f"{origin}: {key}: needs NAME: VALUES lines; received {content!r}")
    return {str(name): body for name, body in content.items()}


def _max_params(document: Mapping[str, Any], origin: str) -> int | None:
    constraints = _mapping(document, "constraints", origin)
    for key in constraints:
        if key not in _CONSTRAINTS:
            raise SpaceError(f"{origin}: constraints.{key}: unknown constraint; {did_you_mean(key, _CONSTRAINTS)}")
    bound = constraints.get("max_params")
    if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int) or bound < 1):
        raise SpaceError(f"{origin}: constraints.max_params: needs a whole number of at least 1; received {bound!r}")
    return bound


def _check_conditions(space: Space) -> None:
    for name, condition in space.conditions.items():
        for parent, allowed in condition.allowed.items():
            for value in allowed:
                if value not in space.parameters[parent]:
                    raise ValueError(
                        f"{name}: when {parent} is {value}, which it never is; it is {space.parameters[parent]}"
                    )


def _check_formulas(space: Space) -> None:
    """Works the formulas out at every corner of what they depend on: what is legal there is legal between, as a rule."""
    needed = {name for formula in space.formulas.values() for name in formula.names}
    searched = [name for name in space.parameters if name in needed]
    axes: list[tuple[Value, ...]] = [_ends(space.parameters[name]) for name in searched]
    for corner in itertools.islice(itertools.product(*axes), _MOST_CORNERS):
        values: dict[str, Value] = dict(zip(searched, corner, strict=True))
        evaluate_formulas(values, space.formulas)


def _ends(domain: Domain) -> tuple[Value, ...]:
    numbers = sorted(float(bound) for bound in domain.bounds())
    return tuple(dict.fromkeys((numbers[0], numbers[-1])))


def space_document(space: Space) -> dict[str, Any]:
    """The YAML form of a space; reading it back gives an equal space (``custom_space_of`` for a custom model's)."""
    bodies = {
        name: entry_body(Entry(space.formulas.get(name) or space.parameters[name], space.conditions.get(name)))
        for name in (*space.parameters, *space.formulas)
    }
    document: dict[str, Any] = {"name": space.name, "description": space.description}
    if space.variables:
        document["variables"] = {name: bodies[name] for name in space.variables}
    document["parameters"] = {name: body for name, body in bodies.items() if name not in space.variables}
    if space.max_params is not None:
        document["constraints"] = {"max_params": space.max_params}
    if space.own is not None:
        document["defaults"] = dict(space.own)
    return document


def parse_setting(
    setting: str, *, variables: Sequence[str] = (), own: Sequence[str] | None = None
) -> tuple[str, Domain]:
    """A setting ``NAME=VALUE``: one value, several with commas, or a domain in YAML braces.

    Args:
        setting: as it was given.
        variables: of the space that it is meant for.
        own: the hyperparameters of a custom model, where it is meant for that model's space.

    Raises:
        SpaceError: one line that begins with the setting as it was given.
    """
    name, equals, text = setting.partition("=")
    name = name.strip()
    if not equals or not text.strip():
        raise SpaceError(f"{setting}: needs NAME=VALUE, for instance units=32 or units=16,32,64")
    try:
        body = yaml.safe_load(text if text.strip().startswith(("{", "[")) else f"[{text}]")
        return name, parse_domain(name, body, variables=variables, own=own)
    except yaml.YAMLError:
        raise SpaceError(f"{setting}: the value is not readable as YAML; write for instance units=16,32") from None
    except ValueError as error:
        raise SpaceError(f"{setting}: {error}") from None


def read_document(path: Path) -> dict[str, Any]:
    """The YAML mapping in a file.

    Raises:
        SpaceError: where there is none; one line that names the file.
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
        found = "is empty" if content is None else f"holds a {type(content).__name__}"
        raise SpaceError(
            f"{path}: {found}, and needs the key parameters; see `python -m tuner spaces frontier` for the form"
        )
    return content


def read_space(path: Path) -> Space:
    """A space from a YAML file with the keys ``name``, ``description``, ``variables``, ``parameters`` and ``constraints``.

    Raises:
        SpaceError: one line that names the file, the key and the value.
    """
    return space_of(read_document(path), origin=str(path), name=path.stem)
