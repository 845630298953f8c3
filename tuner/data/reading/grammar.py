"""The grammar of delimited records: how quotation marks and backslashes divide a record into fields, soundly or leniently."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Reading:
    """One way to read a record.

    Attributes:
        fields: of the record.
        end: where its last line ends.
        quoted: columns whose fields stood in quotation marks.
        escaped: whether backslashes before quotation marks were taken for escapes.
    """

    fields: list[str]
    end: int
    quoted: Sequence[int] = ()
    escaped: bool = False


class Grammar:
    """The rules by which a record is divided at ``delimiter``. Lines end with line feeds."""

    def __init__(self, delimiter: str) -> None:
        """Compiles the rules."""
        self.delimiter = delimiter
        d = re.escape(delimiter)
        self._fields = {
            escapes: rf'(?: *"({content})" *+|(?! *")([^{d}\n]*+))'
            for escapes, content in ((False, r'(?:[^"]++|"")*+'), (True, r'(?:[^"\\]++|""|\\.)*+'))
        }
        self._field = {
            escapes: re.compile(rf"{field}({d}|\n|\Z)", re.DOTALL) for escapes, field in self._fields.items()
        }
        self._records: dict[tuple[int, bool], re.Pattern[str]] = {}
        self._closing = re.compile(rf'"(?= *(?:{d}|\n|\Z))')
        # Delimiters between quotation marks, and beside one: what they divide are fields even where others are missing.
        self._borders = (re.compile(rf'(?<="){d}(?=")'), re.compile(rf'(?<="){d}|{d}(?=")'))
        self._unescaped = re.compile(rf"(?<!\\)((?:\\\\)*+){d}")
        self._escape = re.compile(rf'\\"(?!"| *(?:{d}|\n|\Z))')
        self._whole = re.compile(r' *"((?:[^"\\]++|""|\\.)*+)" *', re.DOTALL)

    def sound(self, text: str, start: int, *, escapes: bool = False) -> Reading | None:
        """The record at ``start`` where it is quoted by the rules, ``escapes`` by backslashes too; None where it is not."""
        position = start
        fields: list[str] = []
        quoted: list[int] = []
        while (match := self._field[escapes].match(text, position)) is not None:
            content, plain, border = match.groups()
            if content is None:
                fields.append(plain)
            else:
                quoted.append(len(fields))
                fields.append(_unquoted(content, escapes=escapes))
            if border != self.delimiter:
                return Reading(fields, match.end() - len(border), quoted, escapes)
            position = match.end()
        return None

    def sound_record(self, text: str, start: int, width: int, *, escapes: bool = False) -> Reading | None:
        """As ``sound`` of a record that has ``width`` fields, and quicker; None where it has others."""
        pattern = self._records.get((width, escapes))
        if pattern is None:
            fields = re.escape(self.delimiter).join([self._fields[escapes]] * width)
            pattern = self._records[width, escapes] = re.compile(rf"{fields}(?=\n|\Z)", re.DOTALL)
        match = pattern.match(text, start)
        if match is None:
            return None
        groups = match.groups()
        contents = groups[::2]
        quoted = [place for place, content in enumerate(contents) if content is not None]
        values = list(groups[1::2])
        for place in quoted:
            values[place] = _unquoted(contents[place], escapes=escapes)
        return Reading(values, match.end(), quoted, escapes)

    def quotes_all(self, text: str, width: int) -> bool:
        """Whether the text is nothing but records of ``width`` fields, each of them in quotation marks."""
        record = re.escape(self.delimiter).join(['"(?:[^"]++|"")*+"'] * width)
        return re.fullmatch(rf"(?:{record}\n+)*+(?:{record})?", text) is not None

    def columns_of_lines(self, text: str, width: int) -> list[list[str]]:
        """The columns of those lines that are sound records of ``width`` fields by themselves."""
        field = rf'(?: *"((?:[^"\n]++|"")*+)" *+|(?! *")([^{re.escape(self.delimiter)}\n]*+))'
        line = re.compile(rf"^{re.escape(self.delimiter).join([field] * width)}$", re.MULTILINE)
        groups = list(zip(*line.findall(text), strict=True)) or [()] * (2 * width)
        return [
            [content or plain for content, plain in zip(contents, plains, strict=True)]
            for contents, plains in zip(groups[::2], groups[1::2], strict=True)
        ]

    def lenient(self, line: str, width: int) -> list[str] | None:
        """The cells of a line, with their quotation marks; None where it cannot be divided into ``width`` fields."""
        cells = line.split(self.delimiter)
        if len(cells) == width:
            return cells
        for border in self._borders:
            cells = border.split(line)
            if len(cells) == width:
                return cells
        if "\\" in line and '"' not in line:
            cells = self._unescaped.sub("\\1\n", line).split("\n")
            if len(cells) == width:
                return [cell.replace(f"\\{self.delimiter}", self.delimiter) for cell in cells]
        return None

    def closings(self, text: str) -> list[int]:
        """Where quotation marks stand that a delimiter or the end of a line follows."""
        return [match.start() for match in self._closing.finditer(text)]

    def escapes_marks(self, text: str) -> bool:
        """Whether backslashes stand before quotation marks that neither end a field nor are doubled."""
        return '\\"' in text and self._escape.search(text) is not None

    def whole(self, cell: str) -> str | None:
        """What a cell in quotation marks says; None where these do not quote all of it."""
        match = self._whole.fullmatch(cell)
        return None if match is None else _unquoted(match[1], escapes=True)


@lru_cache(maxsize=16)
def _grammar(delimiter: str) -> Grammar:
    return Grammar(delimiter)


def cells_of(line: str, delimiter: str) -> list[str]:
    """Returns the fields of one line read on its own: quoted where that works, else literal."""
    if '"' in line:
        grammar = _grammar(delimiter)
        reading = grammar.sound(line, 0) or grammar.sound(line, 0, escapes=True)
        if reading is not None and reading.end == len(line):
            return reading.fields
    return line.split(delimiter)


def _unquoted(content: str, *, escapes: bool) -> str:
    if escapes and "\\" in content:
        return re.sub(r'""|\\"', '"', content)
    return content.replace('""', '"')


def backslashes_are_paired(text: str) -> bool:
    """Whether there are pairs of backslashes, and none that stands alone but before a quotation mark."""
    return "\\\\" in text and re.search(r'(?<!\\)(?:\\\\)*+\\(?![\\"])', text) is None
