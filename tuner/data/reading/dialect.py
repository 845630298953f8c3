"""How a delimited file is laid out: its line ends, what stands before its header, its delimiter and number of columns."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tuner.data.reading.grammar import Grammar, cells_of
from tuner.data.reading.raw_table import is_known_name

DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "vertical bar"}
"""Those that are recognised, and their names. Where two divide a file equally well, the first is meant."""

_SAMPLE = 2_000  # lines, from all over the file, that tell the delimiter
_SEP_LINE = re.compile(r'"?sep=([^\w\s]|\t)"?', re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """The layout of a delimited file.

    Attributes:
        delimiter: between fields.
        width: number of columns.
        skipped: lines before the first record: a ``sep=`` line and comments.
        comments: how many of these are comments.
    """

    delimiter: str
    width: int
    skipped: int
    comments: int


def with_line_feeds(content: bytes) -> bytes:
    """Returns text whose lines end with line feeds alone.

    A carriage return without a line feed ends a line only where there are no line feeds: else it is part of a field.
    """
    if b"\r" not in content:
        return content
    if b"\n" not in content:
        return content.replace(b"\r", b"\n")
    if b"\r\r\n" in content:  # a file that was written in text mode twice
        content = re.sub(rb"\r+\n", b"\n", content)
    return content.replace(b"\r\n", b"\n")


def dialect_of(content: bytes, delimiter: str | None = None) -> Dialect:
    """Returns the layout of UTF-8 text whose lines end with line feeds; ``delimiter`` where it is known."""
    head = [line.decode("utf-8", "replace") for line in content[: 2**16].split(b"\n")]
    skipped = 0
    sep = _SEP_LINE.fullmatch(head[0].strip(" "))
    if sep:
        delimiter, skipped = sep[1], 1
    comments = _comment_lines(head[skipped:], delimiter)
    skipped += comments
    lines = _sample(content, skipped)
    delimiter = delimiter or sniff_delimiter(lines)
    return Dialect(delimiter, _width(lines, delimiter), skipped, comments)


def _sample(content: bytes, skipped: int) -> list[str]:
    """The first lines that hold something, and others from all over the file."""
    start = 0
    for _ in range(skipped):
        start = content.find(b"\n", start) + 1
    lines: list[bytes] = []
    sections = 1 if len(content) < 2**20 else 16
    size = (len(content) - start) // sections + 1
    for section in range(sections):
        begin = start + section * size
        if section:
            begin = content.find(b"\n", begin) + 1 or len(content)
        piece = content[begin : begin + min(size, 2**18)].split(b"\n", _SAMPLE // sections)
        # The last piece is the rest, or a line that is cut.
        whole = piece if begin + 2**18 >= len(content) and len(piece) <= _SAMPLE // sections else piece[:-1] or piece
        lines += [line for line in whole if line.strip()]
    return [line.decode("utf-8", "replace") for line in lines]


def _comment_lines(lines: Sequence[str], delimiter: str | None) -> int:
    """How many lines at the top are comments: they begin with # and are no row before a header."""
    count = next((place for place, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    if not count:
        return 0
    known = [delimiter] if delimiter else list(DELIMITERS)
    named = any(is_known_name(cell) for character in known for cell in cells_of(lines[count], character))
    # A header may begin with # itself ("#id,text,label"), and so may a text.
    return count if named or not any(character in line for character in known for line in lines[:count]) else 0


def sniff_delimiter(lines: Sequence[str]) -> str:
    """Returns the one that gives most lines as many fields as the first line has; a comma where none divides it."""

    def evenness(delimiter: str) -> float:
        widths = [len(cells_of(line, delimiter)) for line in lines]
        by_line = widths.count(widths[0]) / len(lines) if widths and widths[0] > 1 else 0.0
        return by_line if by_line == 1 else max(by_line, _evenness_of_records("\n".join(lines), delimiter))

    best = max(DELIMITERS, key=evenness)
    return best if evenness(best) > 0 else ","


def _evenness_of_records(text: str, delimiter: str) -> float:
    """The share of the text's records that have as many fields as the first, as long as their quotes are sound.

    What is left from the first on that is not sound counts as one record more; 0 where that is more than half of the text.
    """
    grammar = Grammar(delimiter)
    widths: Counter[int] = Counter()
    position, first = 0, 0
    while position < len(text):
        reading = grammar.sound(text, position)
        if reading is None:
            break
        first = first or len(reading.fields)
        widths[len(reading.fields)] += 1
        position = reading.end + 1
    if first < 2 or position <= len(text) // 2:
        return 0.0
    return widths[first] / (widths.total() + (position < len(text)))


def _width(lines: Sequence[str], delimiter: str) -> int:
    """The number of fields of the first record, unless labels divide lines of prose that holds the delimiter."""
    if not lines:
        return 1
    first = Grammar(delimiter).sound("\n".join(lines[:1000]), 0)
    width = len(cells_of(lines[0], delimiter) if first is None else first.fields)
    if width > 2 and not any(is_known_name(cell) for cell in cells_of(lines[0], delimiter)):
        plain = [line for line in lines if '"' not in line]
        widths = Counter(line.count(delimiter) + 1 for line in plain)
        if len(plain) * 2 > len(lines) and widths[width] * 10 < len(plain) * 9:
            for ends in (
                [line.partition(delimiter)[0] for line in plain],
                [line.rpartition(delimiter)[2] for line in plain],
            ):
                recurring = sum(count for count in Counter(ends).values() if count > 1)
                if recurring >= 0.95 * len(plain) and len(set(ends)) * 5 < len(plain):
                    return 2
    return width
