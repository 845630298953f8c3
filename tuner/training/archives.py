"""Variables as NumPy archives, without pickle: what weights and states are kept as."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np


def named(prefix: str, variables: Sequence[Any]) -> dict[str, Any]:
    """The values of Keras variables under ``prefix000``, ``prefix001`` and so on."""
    return numbered(prefix, [variable.value.numpy() for variable in variables])


def numbered(prefix: str, arrays: Sequence[Any]) -> dict[str, Any]:
    """Arrays under ``prefix000``, ``prefix001`` and so on."""
    return {f"{prefix}{number:03d}": array for number, array in enumerate(arrays)}


def packed(arrays: dict[str, Any]) -> bytes:
    """Arrays as a NumPy archive."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def unpacked(content: bytes) -> dict[str, Any]:
    """The arrays of an archive by name."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return dict(archive)


def taken(prefix: str, arrays: dict[str, Any]) -> list[Any]:
    """The arrays ``prefix000`` and so on, in order, which it takes out of ``arrays``."""
    found: list[Any] = []
    while (name := f"{prefix}{len(found):03d}") in arrays:
        found.append(arrays.pop(name))
    return found


def assign(prefix: str, variables: Sequence[Any], arrays: dict[str, Any]) -> None:
    """Takes values back that ``named`` gave, and takes them out of ``arrays``.

    Raises:
        KeyError: where there is none for a variable.
        ValueError: where one is of another shape.
    """
    for number, variable in enumerate(variables):
        variable.assign(arrays.pop(f"{prefix}{number:03d}"))
