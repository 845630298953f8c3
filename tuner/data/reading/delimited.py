"""Comma-, semicolon- and tab-separated files to named columns, without letting a stray quotation mark swallow rows.

A field that begins with a quotation mark may be quoted properly, over several lines even, or it may only begin with one
(`"great" film,pos`). The mark alone does not tell. So both readings of such a record are made, quoted and literal, and
the quoted one is believed unless it breaks the rules of quoting, has the wrong number of fields, or has taken in lines
that are rows of their own. A quotation mark inside a field is literal anyway.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tuner.data.reading.raw_table import RawTable, is_known_name, unique_names
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown

_LONGEST_FIELD = 300_000  # characters; a quoted field beyond that is a quote that was never closed


@dataclass(frozen=True)
class Reading:
    """The fields of a record by the rules of quoting, and where its last line ends.

    `sloppy` says that a quotation mark inside a quoted field is not doubled. `spans` holds the columns whose fields go
    over several lines.
    """

    fields: list[str]
    end: int
    sloppy: bool

    @property
    def spans(self) -> list[int]:
        """Return the columns with line feeds."""
        return [column for column, value in enumerate(self.fields) if "\n" in value]


class Scanner:
    """Reads single records of `text` by the rules of quoting. Lines end with a line feed, fields with `delimiter`."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        self._run = re.compile(rf'"++(?= *(?:{re.escape(delimiter)}|\n|\Z))')
        self._searched = (0, -1)  # between these two positions no field closes before the second

    def reading(self, start: int) -> Reading | None:
        """Return the quoted reading of the record that begins at `start`; None where a quote is never closed."""
        text, delimiter = self._text, self._delimiter
        fields: list[str] = []
        sloppy = False
        position = start
        while True:
            mark = position
            while text.startswith(" ", mark):
                mark += 1
            if text.startswith('"', mark):
                close = self._close(mark)
                if close is None:
                    return None
                content = text[mark + 1 : close].replace('""', "\x00")
                sloppy = sloppy or '"' in content
                fields.append(content.replace("\x00", '"'))
                position = close + 1
                while text.startswith(" ", position):
                    position += 1
            else:
                end = self.line_end(position)
                border = text.find(delimiter, position, end)
                border = end if border < 0 else border
                fields.append(text[position:border])
                position = border
            if not text.startswith(delimiter, position):
                return Reading(fields, position, sloppy)
            position += 1

    def line_end(self, position: int) -> int:
        """Return where the line of `position` ends: its line feed, or the end of the text."""
        end = self._text.find("\n", position)
        return len(self._text) if end < 0 else end

    def _close(self, opening: int) -> int | None:
        """Return the closing quote: the last of an odd run of quotes that a delimiter or the line's end follows."""
        start = opening + 1
        own = self._run.match(self._text, opening)
        if own is not None:
            if len(own[0]) % 2 == 0:
                return own.end() - 1
            start = own.end()
        since, until = self._searched
        if since <= start <= until:
            close = until
        else:
            found = (run for run in self._run.finditer(self._text, start) if len(run[0]) % 2)
            close = next((run.end() - 1 for run in found), len(self._text))
            self._searched = (start, close)
        return close if close < len(self._text) and close - opening <= _LONGEST_FIELD else None


def cells_of(line: str, delimiter: str) -> list[str]:
    """Return the fields of one line read on its own: quoted where that works, else literal."""
    quoted = Scanner(line, delimiter).reading(0) if '"' in line else None
    return line.split(delimiter) if quoted is None else quoted.fields


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


@dataclass
class Records:
    """The fields of every record, the line (from 1) it starts on, and the lines whose quotes were read literally."""

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    literal: list[int] = field(default_factory=list)


def split_records(text: str, delimiter: str) -> Records:
    """Return the records of `text`, whose lines end with line feeds. Blank lines are no records.

    A record with the wrong number of fields is returned as it is: what to do with it is for the caller.
    """
    return _Splitter(text, delimiter).run()


class _Splitter:
    def __init__(self, text: str, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        self._scanner = Scanner(text, delimiter)
        self._width = _first_width(text, delimiter)
        self._evidence = RowEvidence(text, delimiter, self._width)

    def run(self) -> Records:
        records = Records()
        text, delimiter = self._text, self._delimiter
        position, number = 0, 1
        while position < len(text):
            end = self._scanner.line_end(position)
            line = text[position:end]
            if line.strip():
                marked = '"' in line
                quoted = self._believed(position, end, line) if marked else None
                fields = line.split(delimiter) if quoted is None else quoted.fields
                if marked and quoted is None and any(cell.lstrip(" ").startswith('"') for cell in fields):
                    records.literal.append(number)
                records.rows.append(fields)
                records.lines.append(number)
                if quoted is not None and quoted.end > end:
                    number += text.count("\n", position, quoted.end)
                    end = quoted.end
            number += 1
            position = end + 1
        return records

    def _believed(self, start: int, end: int, line: str) -> Reading | None:
        """Return the quoted reading of the record at `start`, or None where its quotes are to be read literally."""
        quoted = self._scanner.reading(start)
        if quoted is None:
            return None
        fits = len(quoted.fields) == self._width
        literal_fits = line.count(self._delimiter) + 1 == self._width
        if quoted.end <= end:
            return None if literal_fits and (quoted.sloppy or not fits) else quoted
        if literal_fits and (not fits or (quoted.sloppy and line.count('"') % 2 == 0)):
            return None
        share = self._evidence.share_of_rows(start, quoted)
        # A reading that breaks the rules anyway loses against a single row; a sound one against as many as not.
        limit = 0.0 if quoted.sloppy or not fits else 0.5
        return None if share > 0 and share >= limit else quoted


def _first_width(text: str, delimiter: str) -> int:
    """Return the number of fields of the first record, or of most lines where the first does not end on its line."""
    lines = (line for line in text.split("\n", 1000)[:1000] if line.strip())
    first = next(lines, "")
    if first.count('"') % 2 == 0:
        return len(cells_of(first, delimiter))
    widths = Counter(width for line in lines if (width := len(cells_of(line, delimiter))) > 1)
    return widths.most_common(1)[0][0] if widths else len(cells_of(first, delimiter))


_DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon"}


def read_delimited(text: str, *, origin: str, delimiter: str | None = None, asked: Sequence[str] = ()) -> RawTable:
    """Return the columns of delimited `text`; every cell is text.

    delimiter: one character, or None to take the one of comma, semicolon and tab that divides the lines most evenly.
    asked: column names that the user gave; a first row that holds one of them is a header.
    Rows with the wrong number of fields are left out, and the notes say so. Raises InputError where no two columns or
    no rows are found.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    notes: list[str] = []
    if delimiter is None:
        delimiter = sniff_delimiter(text)
        if delimiter != ",":
            notes.append(f"{origin}: fields are separated by {_DELIMITERS[delimiter]}s")
    records = split_records(text, delimiter)
    if not records.rows:
        raise InputError(f"{origin} holds blank lines only: give a file with labelled texts")
    width = len(records.rows[0])
    if width < 2:
        found = f"one column, {shown(records.rows[0][0])}, with {_DELIMITERS[delimiter]} as delimiter"
        raise InputError(f"{origin} has {found}: give a text and a label column, separated by comma, semicolon or tab")
    if records.literal:
        notes.append(
            f"{origin}: quotation marks read as plain characters in {counted(len(records.literal), 'row')}, "
            f"the first on line {records.literal[0]:,}, because they quote no whole field"
        )
    rows = _even_rows(records, width, origin, notes)
    ragged = len(records.rows) - len(rows)
    if has_header(rows, asked):
        names, rows = unique_names(rows[0]), rows[1:]
    else:
        names = [f"column_{number}" for number in range(1, width + 1)]
        notes.append(f"{origin}: no header in the first row, so the columns are called {listed(names)}")
    if not rows:
        raise InputError(f"{origin} has a header ({listed(names)}) and no rows: give a file with labelled texts")
    columns: dict[str, list[object]] = {name: [row[number] for row in rows] for number, name in enumerate(names)}
    left_out = {f"not {width} fields": ragged} if ragged else {}
    return RawTable(columns, origin, tuple(notes), delimiter=delimiter, left_out=left_out)


def sniff_delimiter(text: str) -> str:
    """Return tab, comma or semicolon: the one that gives most lines as many fields as the first line has."""
    lines = [line for line in text.split("\n", 1000)[:1000] if line.strip()]

    def evenness(delimiter: str) -> float:
        widths = [len(cells_of(line, delimiter)) for line in lines]
        return sum(width == widths[0] for width in widths) / len(widths) if widths and widths[0] > 1 else 0.0

    # Ties go to the rarer character in prose: tab, comma, semicolon in the order of the table, max keeps the first.
    best = max(_DELIMITERS, key=evenness)
    return best if evenness(best) > 0 else ","


def has_header(rows: Sequence[Sequence[str]], asked: Sequence[str] = ()) -> bool:
    """Tell whether the first row names the columns.

    It does where a cell is a usual column name or one that was asked for. It does not where one of its cells recurs
    further down in the same column, the column of the longest texts left aside: that is a label.
    """
    first = [cell.strip() for cell in rows[0]]
    if any(is_known_name(cell) or cell in asked for cell in first):
        return True
    lengths = [sum(len(row[column]) for row in rows) for column in range(len(first))]
    longest = lengths.index(max(lengths))
    for column, cell in enumerate(first):
        if column != longest and cell and any(row[column].strip() == cell for row in rows[1:]):
            return False
    return True


def _even_rows(records: Records, width: int, origin: str, notes: list[str]) -> list[list[str]]:
    rows = [row for row in records.rows if len(row) == width]
    ragged = len(records.rows) - len(rows)
    if ragged:
        first, fields = next(
            (line, len(row)) for line, row in zip(records.lines, records.rows, strict=True) if len(row) != width
        )
        notes.append(
            f"{origin}: {counted(ragged, 'row')} of {len(records.rows):,} left out for not having {width} fields, "
            f"the first on line {first:,} with {fields}"
        )
        if len(rows) * 2 < len(records.rows):
            usual = Counter(map(len, records.rows)).most_common(1)[0][0]
            raise InputError(
                f"{origin}: the first row has {width} fields, most rows have {usual} (line {first:,} has {fields}): "
                f"put texts that hold the delimiter in double quotes"
            )
    return rows
