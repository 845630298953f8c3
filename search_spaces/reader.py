"""Reads spaces from YAML and single domains from ``--set``, with errors that name file, key and value."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from search_spaces.documents import SpaceError, space_document, space_of
from search_spaces.domains import Domain
from search_spaces.parsing import parse_domain
from search_spaces.space import Space

__all__ = ["SpaceError", "parse_domain", "parse_setting", "read_document", "read_space", "space_document", "space_of"]


def parse_setting(
    setting: str, *, variables: Sequence[str] = (), own: Sequence[str] | None = None
) -> tuple[str, Domain]:
    """``NAME=VALUE`` of the command line: one value, several with commas, or a domain in YAML braces.

    Args:
        setting: as it was given.
        variables: of the space that it is meant for.
        own: the hyperparameters of a user's own model, where it is meant for that model's space.

    Raises:
        SpaceError: one line with the setting as it was given.
    """
    name, equals, text = setting.partition("=")
    name = name.strip()
    if not equals or not text.strip():
        raise SpaceError(f"--set {setting}: needs NAME=VALUE, for instance units=32 or units=16,32,64")
    try:
        body = yaml.safe_load(text if text.strip().startswith(("{", "[")) else f"[{text}]")
        return name, parse_domain(name, body, variables=variables, own=own)
    except yaml.YAMLError:
        raise SpaceError(
            f"--set {setting}: the value is not readable as YAML; write for instance units=16,32"
        ) from None
    except ValueError as error:
        raise SpaceError(f"--set {setting}: {error}") from None


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
        raise SpaceError(f"{path}: needs a mapping with the key parameters; received {type(content).__name__}")
    return content


def read_space(path: Path) -> Space:
    """A space from a YAML file with the keys ``name``, ``description``, ``variables``, ``parameters`` and ``constraints``.

    Raises:
        SpaceError: one line that names the file, the key and the value.
    """
    return space_of(read_document(path), origin=str(path), name=path.stem)
