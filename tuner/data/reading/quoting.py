"""The rules of quoting, for one record at a time: where its fields end if its quotation marks mean what they should."""

import re
from dataclasses import dataclass

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
        """Keep `text`; nothing is read yet."""
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
