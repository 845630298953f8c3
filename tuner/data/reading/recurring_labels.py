"""The column of a table whose values recur, as labels do: by it a row is told from a line of prose."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_LABEL = 60  # characters


@dataclass(frozen=True)
class Labels:
    """A column whose values recur.

    Attributes:
        column: its place.
        values: without blanks and quotation marks around them.
        text_column: place of the column of the longest texts.
    """

    column: int
    values: frozenset[str]
    text_column: int


def most_regular(columns: Sequence[Sequence[object]], *, coverage: float) -> Labels | None:
    """Returns the column of fewest recurring short values, of those where they make up ``coverage`` of the rows."""
    count = len(columns[0]) if columns else 0
    if count < 3:
        return None
    found: list[Labels] = []
    lengths = [sum(map(len, map(str, column))) for column in columns]
    text_column = lengths.index(max(lengths))
    for place, column in enumerate(columns):
        cells = Counter(cell for value in column if len(cell := str(value)) <= LONGEST_LABEL + 2)
        labels: Counter[str] = Counter()
        for cell, times in cells.items():
            labels[bare(cell)] += times
        recurring = {label: times for label, times in labels.items() if times > 1 and label}
        if recurring and sum(recurring.values()) >= coverage * count:
            found.append(Labels(place, frozenset(recurring), text_column))
    return min(found, key=lambda labels: (labels.column == text_column, len(labels.values)), default=None)


def bare(cell: str) -> str:
    """Returns a label without blanks and quotation marks around it."""
    return cell.strip(' "')
