"""Records of files in which quotation marks stand where they quote nothing: no stray one may swallow rows.

A field that begins with a quotation mark may be quoted properly, over several lines even, or it may only begin with one
(`"great" film,pos`). The mark alone does not tell. So a record is read in several ways, from the soundest to the most
lenient, and the first that has the right number of fields is believed, unless it takes in lines that are rows of their
own. Which values the label column has tells a row from a line of prose: prose has commas too. These values are gathered
from the whole file, when the first question comes, since most files raise none.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tuner.data.reading.grammar import Grammar, Reading, backslashes_are_paired, cells_of
from tuner.data.reading.recurring_labels import LONGEST_LABEL, Labels, bare, most_regular

_STRETCH = 1_000  # characters without a quotation mark that are divided at once
_LOOKED_AT = 400  # lines of a field, so that many stray quotes cost no quadratic time
LONG_BLOCK = 20  # lines that have the right number of fields: no text looks like that
_CLOSED = re.compile(r'(?:[^"\\]++|""|\\.)*+"', re.DOTALL)  # what follows an opening quotation mark
_TEXT_QUOTED = 0.5  # share of quoted cells from which on a lone quotation mark is a remainder of quoting


@dataclass
class Records:
    """The records of a file, in order: columns of strings, since a list for each row would keep Python's memory busy.

    Attributes:
        columns: the fields of the rows.
        uneven: for every record with the wrong number of fields, its line, from 1, and that number; they are no rows.
        literal: lines whose quotation marks were read as plain characters.
        joined: lines of rows whose text holds the delimiter without being quoted.
        spans: for every field with line feeds, the number of its lines.
        escaped_marks: fields out of quotation marks in which a backslash before a mark was taken for an escape.
        single_backslashes: whether two backslashes were read as one, because backslashes escape quotation marks.
        cut_off: the line of the last record where the file breaks off in it; it is no row.
    """

    columns: list[list[str]] = field(default_factory=list)
    uneven: list[tuple[int, int]] = field(default_factory=list)
    literal: list[int] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)
    spans: list[int] = field(default_factory=list)
    escaped_marks: int = 0
    single_backslashes: bool = False
    cut_off: int | None = None


class RecordReader:
    """Reads the records of ``text``, which have ``width`` fields as a rule and whose lines end with line feeds."""

    def __init__(self, text: str, delimiter: str, width: int, *, first_line: int = 1) -> None:
        """Keeps the text, whose first line has the number ``first_line``; nothing is read yet."""
        self._text = text
        self._grammar = Grammar(delimiter)
        self._delimiter = delimiter
        self._width = width
        self._first_line = first_line
        self._escaped = False
        self._quoted_cells = [0] * width
        self._half_quoted: list[tuple[int, int, int]] = []  # rows, columns and lines
        self._last = 0  # line of the last record that was looked at by itself

    def read(self) -> Records:
        """Returns the records. Blank lines are none."""
        text, width = self._text, self._width
        records = Records([[] for _ in range(width)])
        position, number = 0, self._first_line
        while position < len(text) and records.cut_off is None:
            rows, following = self._plain_rows(position)
            if rows:
                for column, cells in zip(records.columns, zip(*rows, strict=True), strict=True):
                    column.extend(cells)
                position, number = following, number + len(rows)
                continue
            end = self._line_end(position)
            if text[position:end].strip():
                end = self._read_record(position, end, number, records)
            number += text.count("\n", position, end) + 1
            position = end + 1
        self._strip(records)
        self._check_last(records)
        # Where no backslash stands alone, they are escaped as well.
        if (self._escaped or records.escaped_marks) and backslashes_are_paired(text):
            records.columns = [[cell.replace("\\\\", "\\") for cell in column] for column in records.columns]
            records.single_backslashes = True
        return records

    def _read_record(self, start: int, line_end: int, number: int, records: Records) -> int:
        """Reads the record at ``start``, whose first line ends at ``line_end`` and has this number; returns its end."""
        line, end = self._text[start:line_end], line_end
        fields = line.split(self._delimiter)
        quoted: Sequence[int] = ()
        reading = self._sound(start, line_end) if '"' in line else None
        row = len(records.columns[0])
        if reading is not None:
            fields, end, quoted = reading.fields, reading.end, reading.quoted
            self._escaped = self._escaped or (reading.escaped and "\\" in line)
            for column in quoted:
                self._quoted_cells[column] += 1
            self._half_quoted += [
                (row, column, number)
                for column, cell in enumerate(fields)
                if '"' in cell and column not in quoted and _has_outer_quote([cell])
            ]
        elif '"' in line or len(fields) != self._width:
            if self._breaks_off(start):
                records.cut_off = number
                return len(self._text)
            fields, end, kind = self._lenient(start, line_end)
            if kind == "literal":
                records.literal.append(number)
                self._half_quoted += [(row, column, number) for column in range(self._width)]
            elif kind == "joined":
                records.joined.append(number)
        if '\\"' in self._text[start:end]:
            fields = self._without_escapes(fields, quoted, records)
        self._last = number
        if len(fields) != self._width:
            records.uneven.append((number, len(fields)))
            return end
        for cells, cell in zip(records.columns, fields, strict=True):
            cells.append(cell)
        if end > line_end:
            records.spans += [field.count("\n") + 1 for field in fields if "\n" in field]
        return end

    def _plain_rows(self, start: int) -> tuple[list[list[str]], int]:
        """Rows from ``start`` up to the next quotation mark, none unless all are of the right width; where they end."""
        mark = self._text.find('"', start)
        end = self._text.rfind("\n", start, len(self._text) if mark < 0 else mark)
        if end - start < _STRETCH:
            return [], start
        # A line that is no row costs the time of one stretch, not of the rest of the text.
        end = self._text.rfind("\n", start, min(end + 1, start + 2**16))
        rows = [line.split(self._delimiter) for line in self._text[start:end].split("\n")]
        return (rows, end + 1) if {*map(len, rows)} == {self._width} else ([], start)

    def _line_end(self, position: int) -> int:
        end = self._text.find("\n", position)
        return len(self._text) if end < 0 else end

    def _sound(self, start: int, end: int) -> Reading | None:
        """The record at ``start``, whose first line ends at ``end``, by the rules; None where its quotes break them."""
        if self._opens_for_nothing(start, end) and not self._all_quoted:
            return None
        believed = None
        for escapes in (True, False) if self._escapes_first else (False, True):
            reading = self._grammar.sound_record(self._text, start, self._width, escapes=escapes)
            if reading is None:
                continue
            if reading.end > end and self._share_of_rows(start, reading) >= 0.5 and not self._all_quoted:
                continue
            # Whoever doubles quotation marks quotes fields that hold some: else backslashes are meant, where they do.
            if all('"' not in cell or place in reading.quoted for place, cell in enumerate(reading.fields)):
                self._escapes_first = self._escapes_first or (
                    reading.escaped and '\\"' in self._text[start : reading.end]
                )
                return reading
            believed = believed or reading
            if '\\"' not in self._text[start : reading.end]:
                break
        return believed

    @cached_property
    def _all_quoted(self) -> bool:
        """Whether all fields of the file are quoted by the rules: lines in them that could be rows are none then."""
        return self._grammar.quotes_all(self._text, self._width)

    def _opens_for_nothing(self, start: int, end: int) -> bool:
        """Whether the line opens a quoted field that the next quotation mark does not close: a quick look."""
        text = self._text
        if "\\" in text[start:end] or text.count('"', start, end) % 2 == 0:
            return False
        mark = text.find('"', end)
        return mark < 0 or (text[mark - 1] != "\\" and text[mark + 1 : mark + 2] not in {self._delimiter, *'" \n', ""})

    @cached_property
    def _escapes_first(self) -> bool:
        """Whether backslashes are escapes as a rule: told by the text, or by a record that cannot be read otherwise."""
        return self._grammar.escapes_marks(self._text)

    def _lenient(self, start: int, end: int) -> tuple[list[str], int, str]:
        """Fields, end, and how they were read: "literal", "joined", or "ragged" where they are too few or too many."""
        line = self._text[start:end]
        cells = self._grammar.lenient(line, self._width)
        kind = "literal" if '"' in line and _has_outer_quote(cells or ()) else ""
        if '"' not in line and cells is not None:  # a backslash before a delimiter makes it part of the text
            return cells, end, "joined"
        labels = self._labels
        if cells is not None and (labels is None or bare(cells[labels.column]) in labels.values):
            return cells, end, kind
        if '"' in line and (reading := self._over_lines(start, end)) is not None:
            return reading.fields, reading.end, "literal"
        if cells is not None:
            return cells, end, kind
        if labels is not None and (merged := self._merged(line.split(self._delimiter), labels)) is not None:
            return merged, end, "joined"
        return cells_of(line, self._delimiter), end, "ragged"

    def _merged(self, cells: Sequence[str], labels: Labels) -> list[str] | None:
        """The cells with all that are too many put into the text; None where no known label stands in its place then."""
        surplus = len(cells) - self._width
        if surplus <= 0:
            return None
        place = labels.text_column
        text = self._delimiter.join(cells[place : place + surplus + 1])
        merged = [*cells[:place], text, *cells[place + surplus + 1 :]]
        label = bare(merged[labels.column])
        known = place != labels.column and (label in labels.values or label in self._labels_at_ends)
        return [self._grammar.whole(cell) or cell for cell in merged] if known else None

    @cached_property
    def _labels_at_ends(self) -> frozenset[str]:
        """What recurs where the label stands, at an end of lines, in lines with too many fields too."""
        column = None if self._labels is None else self._labels.column
        if column not in {0, self._width - 1}:
            return frozenset()
        lines = (line for line in self._text.split("\n") if self._delimiter in line)
        ends = Counter(
            bare(line.partition(self._delimiter)[0] if column == 0 else line.rpartition(self._delimiter)[2])
            for line in lines
        )
        return frozenset(label for label, count in ends.items() if count > 1 and 0 < len(label) <= LONGEST_LABEL)

    def _over_lines(self, start: int, end: int) -> Reading | None:
        """The record at ``start`` where a quoted field goes over lines and holds quotes that are not doubled.

        Believed only where no line of it is a row, and the label is a known one.
        """
        text, labels = self._text, self._labels
        opening = self._open_field(start, end)
        if labels is None or opening is None:
            return None
        before, mark = opening
        for place in range(bisect_left(self._closings, end), len(self._closings)):
            close = self._closings[place]
            last = self._line_end(close)
            if text.count("\n", start, last) > _LOOKED_AT:
                return None
            rest = text[close + 1 : last].lstrip(" ")
            after = cells_of(rest[1:], self._delimiter) if rest else []
            fields = [*before, text[mark + 1 : close].replace('""', '"'), *after]
            if len(fields) == self._width and bare(fields[labels.column]) in labels.values:
                reading = Reading(fields, last, [len(before)])
                return reading if self._share_of_rows(start, reading) == 0 else None
        return None

    def _open_field(self, start: int, end: int) -> tuple[list[str], int] | None:
        """The cells before the first field that begins with a quotation mark and does not end on its line, and that mark."""
        line = self._text[start:end]
        position, before = 0, list[str]()
        for cell in line.split(self._delimiter):
            if cell.lstrip(" ").startswith('"') and self._grammar.whole(cell) is None:
                return before, start + position + len(cell) - len(cell.lstrip(" "))
            before.append(self._grammar.whole(cell) or cell)
            position += len(cell) + 1
        return None

    @cached_property
    def _closings(self) -> list[int]:
        return self._grammar.closings(self._text)

    def _breaks_off(self, start: int) -> bool:
        """Whether the record at ``start`` opens a quoted field that nothing closes, and no line after it is a row."""
        end = self._line_end(start)
        opening = self._open_field(start, end)
        if opening is None or (len(self._text) - start > 10**6):
            return False
        before, mark = opening
        following = self._text.find('"', mark + 1)
        if following >= 0 and self._text[following - 1] != "\\" and self._text[following + 1 : following + 2] != '"':
            return False
        if len(before) >= self._width or _CLOSED.match(self._text, mark + 1) is not None:
            return False
        lines = [line for line in self._text[end + 1 :].split("\n") if line.strip()]
        if not lines:  # it is the last line; complete where it can be divided
            return self._grammar.lenient(self._text[start:end], self._width) is None
        reading = Reading([*before, self._text[mark + 1 :]], len(self._text), [len(before)])
        return self._labels is not None and self._share_of_rows(start, reading) == 0

    def _check_last(self, records: Records) -> None:
        """Takes out the last record where the file ends, without a line feed, before its label does."""
        labels, rows = self._labels, len(records.columns[0])
        if self._text.endswith("\n") or rows < 3 or records.cut_off is not None:
            return
        if records.uneven and records.uneven[-1][0] == self._last and records.uneven[-1][1] < self._width:
            records.cut_off, _ = records.uneven.pop()
        elif labels is not None and labels.column == self._width - 1:
            label = bare(records.columns[-1][-1])
            if label not in labels.values and any(value.startswith(label) for value in labels.values):
                for column in records.columns:
                    column.pop()
                records.cut_off = self._first_line + self._text.count("\n")
        for noted in (records.literal, records.joined):
            if noted and noted[-1] == records.cut_off:
                noted.pop()

    def _strip(self, records: Records) -> None:
        """Unquotes complete fields of rows that were read leniently, one by one.

        In a column of quoted fields a quotation mark at one end, or at both, is a remainder of quoting as well.
        """
        remainder = [count >= _TEXT_QUOTED * len(records.columns[0]) for count in self._quoted_cells]
        literal = set(records.literal)
        for row, place, line in self._half_quoted:
            column = records.columns[place]
            if (whole := self._grammar.whole(column[row])) is not None:
                column[row] = whole
                continue
            cell = column[row].strip(" ")
            if remainder[place] and _has_outer_quote([cell]):
                inner = cell[1:] if cell.startswith('"') else cell
                inner = inner[:-1] if inner.endswith('"') else inner
                column[row] = inner.replace('""', '"').replace('\\"', '"')
                literal.add(line)
        records.literal = sorted(literal)

    def _without_escapes(self, fields: list[str], quoted: Sequence[int], records: Records) -> list[str]:
        """The fields with what is escaped out of quotation marks: a writer of CSV quotes a field that holds a mark."""
        marked = [place for place, cell in enumerate(fields) if '\\"' in cell and place not in quoted]
        records.escaped_marks += len(marked)
        return [cell.replace('\\"', '"') if place in marked else cell for place, cell in enumerate(fields)]

    def _share_of_rows(self, start: int, reading: Reading) -> float:
        """The share (0 to 1) of the lines of the record at ``start`` that read as rows of their own.

        Its first line counts only where the label would stand behind the field that spans lines, its last line only
        where it would stand before: there, a row and a part of the field look different. 0 where no labels are known.
        """
        labels = self._labels
        spanning = [column for column, value in enumerate(reading.fields) if "\n" in value]
        if labels is None or not spanning:
            return 0.0
        lines = self._text[start : reading.end].split("\n", _LOOKED_AT)
        if len(lines) > _LOOKED_AT or labels.column >= spanning[-1]:
            del lines[-1]
        if labels.column <= spanning[0]:
            del lines[0]
        lines = [line for line in lines if line.strip()]
        cells = [
            cells
            for line in lines
            if line.count(self._delimiter) + 1 >= self._width and (cells := self._row_alone(line)) is not None
        ]
        values = Counter(bare(row[labels.column]) for row in cells)
        known = labels.values | {bare(value) for value in reading.fields[labels.column : labels.column + 1]}
        if len(lines) >= LONG_BLOCK and len(cells) >= 0.95 * len(lines):  # a class that no other row has
            known = known | {value for value, count in values.items() if count > 1 and len(value) <= LONGEST_LABEL}
        return sum(count for value, count in values.items() if value in known) / max(1, len(lines))

    def _row_alone(self, line: str) -> list[str] | None:
        cells = cells_of(line, self._delimiter)
        return cells if len(cells) == self._width else self._grammar.lenient(line, self._width)

    @cached_property
    def _labels(self) -> Labels | None:
        """Learnt from the ends of lines, else from sound rows, on lines by themselves or over several, else from all lines."""
        if self._width == 2 and (found := self._labels_of_two_columns()) is not None:
            return found
        columns: Sequence[Sequence[str]] = self._grammar.columns_of_lines(self._text, self._width)
        if len(columns[0]) < 0.6 * self._text.count("\n"):
            columns = list(zip(*self._certain_rows(), strict=True))
        found = most_regular(columns, coverage=0.6)
        if found is None:
            lines = (line for line in self._text.split("\n") if line.strip())
            rows = [cells for line in lines if (cells := self._row_alone(line)) is not None]
            found = most_regular(list(zip(*rows, strict=True)), coverage=0.1)
        return found

    def _labels_of_two_columns(self) -> Labels | None:
        """What most lines begin or end with, if not both: quick, since no line has to be divided."""
        lines = self._text.split("\n")
        firsts = (line.partition(self._delimiter)[0] for line in lines)
        lasts = (line.rpartition(self._delimiter)[2] for line in lines)
        ends = [Counter(cell for cell in cells if 0 < len(cell) <= LONGEST_LABEL) for cells in (firsts, lasts)]
        found: list[Labels] = []
        for column, cells in enumerate(ends):
            recurring = {cell: count for cell, count in cells.items() if count > 1}
            if sum(recurring.values()) >= 0.9 * len(lines) and len(recurring) * 10 < len(lines):
                found.append(Labels(column, frozenset(map(bare, recurring)), 1 - column))
        return found[0] if len(found) == 1 else None

    def _certain_rows(self) -> Iterator[list[str]]:
        text, position = self._text, 0
        while position < len(text):
            end = self._line_end(position)
            line = text[position:end]
            if '"' in line:
                reading = self._grammar.sound_record(text, position, self._width)
                if reading is not None:
                    yield reading.fields
                    end = reading.end
                elif (cells := self._row_alone(line)) is not None:
                    yield cells
            elif len(cells := line.split(self._delimiter)) == self._width:
                yield cells
            position = end + 1


def _has_outer_quote(cells: Sequence[str]) -> bool:
    return any(cell.strip(" ").startswith('"') or cell.strip(" ").endswith('"') for cell in cells)
