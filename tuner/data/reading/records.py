"""Delimited text to records, without letting a stray quotation mark swallow the rows after it.

A field that begins with a quotation mark may be quoted properly, over several lines even, or it may only begin with one
(`"great" film,pos`). The mark alone does not tell. So both readings of such a record are made, quoted and literal, and
the quoted one is believed unless it breaks the rules of quoting, has the wrong number of fields, or has taken in lines
that are rows of their own. A quotation mark inside a field is literal anyway.
"""

from collections import Counter
from dataclasses import dataclass, field

from tuner.data.reading.quoting import Reading, Scanner, cells_of
from tuner.data.reading.row_evidence import RowEvidence


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
