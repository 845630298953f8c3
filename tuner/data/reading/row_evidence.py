"""Whether lines inside a quoted field look like rows that a stray quotation mark has swallowed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tuner.data.reading.quoting import Reading, Scanner, cells_of

_SAMPLE = 20_000  # records or lines that the labels are learnt from
_LOOKED_AT = 50  # lines of a field, so that many stray quotes cost no quadratic time


@dataclass(frozen=True)
class _Labels:
    """A column whose values recur, and these values, without blanks and quotes around them."""

    column: int
    values: frozenset[str]


class RowEvidence:
    """Knows the label column of `text` and its values, and tells by them a row from a line of prose.

    The number of commas tells little: prose has commas too. That a line ends, or begins, with a label that other rows
    have tells much. The labels are learnt when the first question comes, since most files raise none.
    """

    def __init__(self, text: str, delimiter: str, width: int) -> None:
        """Keep `text`, whose rows have `width` fields."""
        self._text = text
        self._delimiter = delimiter
        self._width = width

    def share_of_rows(self, start: int, quoted: Reading) -> float:
        """Return the share (0 to 1) of the lines of the record at `start` that read as rows of their own.

        Its first line counts only where the label would stand behind the field that spans lines, its last line only
        where it would stand before: there, a row and a part of the field look different. 0 where no labels are known.
        """
        labels = self._labels
        if labels is None or not quoted.spans:
            return 0.0
        lines = self._text[start : quoted.end].split("\n", _LOOKED_AT)
        if len(lines) > _LOOKED_AT or labels.column >= quoted.spans[-1]:
            del lines[-1]
        if labels.column <= quoted.spans[0]:
            del lines[0]
        lines = [line for line in lines if line.strip()]
        rows = sum(self._is_row(line, labels) for line in lines)
        return rows / max(1, len(lines))

    def _is_row(self, line: str, labels: _Labels) -> bool:
        cells = cells_of(line, self._delimiter)
        return len(cells) == self._width and _bare(cells[labels.column]) in labels.values

    @cached_property
    def _labels(self) -> _Labels | None:
        """Learnt from the records as their quotes have it; from single lines where these show no labels."""
        found = _most_regular(list(self._records()), self._width, coverage=0.6)
        if found is None:
            lines = self._text.split("\n")
            rows = [cells_of(line, self._delimiter) for line in lines[:: len(lines) // _SAMPLE + 1]]
            found = _most_regular(rows, self._width, coverage=0.1)
        return found

    def _records(self) -> Iterator[list[str]]:
        scanner = Scanner(self._text, self._delimiter)
        position = 0
        for _ in range(_SAMPLE):
            if position >= len(self._text):
                return
            end = scanner.line_end(position)
            quoted = scanner.reading(position)
            if quoted is not None and not quoted.sloppy:
                yield quoted.fields
                end = quoted.end
            position = end + 1


def _most_regular(rows: Sequence[Sequence[str]], width: int, *, coverage: float) -> _Labels | None:
    """Return the column of fewest recurring short values, of those where they make up `coverage` of the rows."""
    rows = [row for row in rows if len(row) == width]
    found: list[_Labels] = []
    for column in range(width if len(rows) > 2 else 0):
        cells = Counter(cell for row in rows if 0 < len(cell := _bare(row[column])) <= 60)
        recurring = {cell: count for cell, count in cells.items() if count >= max(2, 0.005 * len(rows))}
        if recurring and sum(recurring.values()) >= coverage * len(rows):
            found.append(_Labels(column, frozenset(recurring)))
    return min(found, key=lambda labels: len(labels.values), default=None)


def _bare(cell: str) -> str:
    return cell.strip(' "')
