"""What every file reader hands on: named columns of cells, before anybody knows which of them is the text."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class RawTable:
    """Columns of equal length as a file gave them.

    `columns` maps a name to its cells in row order: text, numbers, truth values, or None where a cell is missing.
    `notes` are whole sentences about the reading that the user should hear. `origin` names the file for messages.
    """

    columns: dict[str, list[object]]
    origin: str
    notes: tuple[str, ...] = ()


def unique_names(names: Iterable[str]) -> list[str]:
    """Return stripped names without blanks or repeats: "" becomes "column_3", a second "text" becomes "text_2"."""
    taken: set[str] = set()
    result: list[str] = []
    for position, name in enumerate(names, start=1):
        base = name.strip() or f"column_{position}"
        unique, copy = base, 1
        while unique in taken:
            copy += 1
            unique = f"{base}_{copy}"
        taken.add(unique)
        result.append(unique)
    return result
