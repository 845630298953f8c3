"""The space of a custom model as a document, and the types of its hyperparameters."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from search_spaces.documents import SpaceError, parse_setting
from search_spaces.domains import Domain, LogUniform, Uniform
from search_spaces.expressions import Formula
from search_spaces.parsing import parse_entry
from search_spaces.space import Space

Kind = Literal["bool", "int", "float", "str"]


def custom_space_of(document: Mapping[str, Any], *, origin: str) -> Space:
    """The space of a custom model from the form that ``space_document`` gives it.

    Raises:
        SpaceError: one line with the origin, where it is not such a form.
    """
    try:
        bodies, defaults = document["parameters"], document["defaults"]
        entries = {name: parse_entry(name, body, own=tuple(bodies)) for name, body in bodies.items()}
        return Space(
            document["name"],
            {name: entry.what for name, entry in entries.items() if not isinstance(entry.what, Formula)},
            document["description"],
            {name: entry.condition for name, entry in entries.items() if entry.condition is not None},
            own=defaults,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SpaceError(f"{origin}: is not the space of a model ({error}); restore the file") from None


def with_settings(space: Space, settings: Sequence[str]) -> Space:
    """The space with what settings such as ``NAME=VALUE`` change in it.

    Raises:
        SpaceError: where a setting cannot be read or names no hyperparameter of the model.
        ValueError: where a changed parameter could never be active; one line that begins with its name.
    """
    return space.replaced(dict(parse_setting(setting, own=tuple(space.parameters)) for setting in settings))


def kinds_of(space: Space) -> dict[str, Kind]:
    """The type of every parameter's values, by name: what a column of a table needs to know."""
    return {name: _kind(domain) for name, domain in space.parameters.items()}


def _kind(domain: Domain) -> Kind:
    if isinstance(domain, Uniform | LogUniform):
        return "float"
    types = {type(value) for value in domain.bounds()}
    if types == {bool}:
        return "bool"
    if types == {int}:
        return "int"
    return "float" if types <= {int, float} else "str"
