"""The spaces that come with the package, one YAML file each."""

import difflib
from functools import cache
from pathlib import Path
from typing import Any

from search_spaces.documents import SpaceError, read_document, space_of
from search_spaces.space import Space

_FOLDER = Path(__file__).parent


@cache
def named_spaces() -> tuple[str, ...]:
    """Names of the spaces, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def named_document(name: str) -> tuple[Path, dict[str, Any]]:
    """The file of one of the package's spaces, and the YAML document in it.

    Raises:
        SpaceError: where there is none of that name.
    """
    if name not in named_spaces():
        close = difflib.get_close_matches(name, named_spaces(), n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(named_spaces())}, or a YAML file's path"
        raise SpaceError(f"unknown space {name!r}; {hint}")
    path = _FOLDER / f"{name}.yaml"
    return path, read_document(path)


@cache
def named_space(name: str) -> Space:
    """One of the package's spaces.

    Raises:
        SpaceError: where there is none of that name.
    """
    path, document = named_document(name)
    return space_of(document, origin=str(path), name=name)
