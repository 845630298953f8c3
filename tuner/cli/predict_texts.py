"""The texts that ``tuner predict`` classifies: from arguments, a table, a file with a text a line, or standard input."""

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from tuner.data.reading.cells import texts_of
from tuner.data.reading.columns import Columns
from tuner.data.reading.formats import DataFile, reader_of
from tuner.data.reading.loading import read_source
from tuner.data.reading.raw_table import RawTable, is_known_name, normal
from tuner.errors import InputError
from tuner.formatting import listed, shown

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FIELD = re.compile(r"""[^,;|\t]+""")
_ID = re.compile(r"(.*_)?(ids?|index|key|uuid|number|no|nr)|column_1|unnamed: 0|[a-z]+id")
_ANSWERS = ("text", "label", "label_id")
"""What predictions are printed under: no column of the file keeps such a name."""


@dataclass(frozen=True)
class TextSource:
    """Texts to classify.

    Attributes:
        texts: one after the other.
        count: how many they are where that is known beforehand.
        ids: columns of a table that tell its rows apart, which stand beside the predictions.
        notes: sentences on how a table was read.
    """

    texts: Iterator[str]
    count: int | None
    ids: Mapping[str, Sequence[object]] = field(default_factory=dict)
    notes: Sequence[str] = ()


def text_source(
    texts: Sequence[str], file: Path | None, *, named: Sequence[str], trained_on: Sequence[str]
) -> TextSource:
    """The texts that the user means.

    A table is read whole. A file of lines is read twice: first to see that all of it is text, before any answer is printed.

    Args:
        texts: given as arguments.
        file: a table in any format that a search reads, or a file with a text a line.
        named: the columns of a table that the user named; their texts are joined.
        trained_on: the columns that the model's training texts were in.

    Raises:
        InputError: where there is no text, a line is not UTF-8, or a table has no such column.
    """
    if texts:
        return TextSource(iter(texts), len(texts))
    if file is not None:
        return _from_file(file, named, trained_on)
    if sys.stdin.isatty():
        raise InputError("there is nothing to classify: give texts, --file F, or pipe lines into standard input")
    lines = _decoded(sys.stdin.buffer, "standard input")
    first = next(lines, None)
    if first is None:
        raise InputError("standard input is empty: give texts, --file F, or pipe lines into it")
    return TextSource(chain([first], lines), None)


def _from_file(file: Path, named: Sequence[str], trained_on: Sequence[str]) -> TextSource:
    header = _first_line(file)
    if _is_header_alone(header, trained_on):
        rows = [",".join(fields) for fields in csv.reader(_lines_of(file, keep_ends=True))][1:]
        if not rows:
            raise InputError(f"--file {file}: has a header, {shown(header)}, and no texts; give a text a line below it")
        return TextSource(iter(rows), len(rows))
    if named or _is_table(file, header, trained_on):
        return _from_table(file, named, trained_on)
    return TextSource(_lines_of(file), sum(1 for _ in _lines_of(file)))


def _first_line(file: Path) -> str:
    """The beginning of the first line, with which a file of lines tells whether it is a table."""
    try:
        with file.open("rb") as stream:
            line = stream.readline(2**16)
    except OSError as error:
        raise InputError(f"--file {file}: cannot be read ({error.strerror or error}); give a file of texts") from None
    if not line:
        raise InputError(f"--file {file}: is empty; give a file with a text a line, or a table")
    return line.removeprefix(_BYTE_ORDER_MARK).decode(errors="replace").rstrip("\r\n")


def _is_header_alone(line: str, trained_on: Sequence[str]) -> bool:
    """Whether a line names the only column of a table."""
    name = line.strip().strip('"')
    return name in trained_on or is_known_name(name)


def _is_table(file: Path, header: str, trained_on: Sequence[str]) -> bool:
    """Whether a file is a table by its ending or content; of one that may hold lines, whether its header says so."""
    data = DataFile(file, shown(file.name))
    reader = reader_of(data)
    if reader is None or (reader.name in ("CSV", "TSV") and data.suffix not in (".csv", ".tsv", ".tab")):
        fields = {name.strip().strip('"') for name in _FIELD.findall(header)}
        return bool(fields & set(trained_on))
    return True


def _from_table(file: Path, named: Sequence[str], trained_on: Sequence[str]) -> TextSource:
    table, _ = read_source(str(file), Columns(tuple(named or trained_on)), data_dir=file.parent, option="file")
    notes = list(table.notes)
    columns = tuple(named or trained_on)
    if len(table.columns) == 1 and not named:
        columns = tuple(table.columns)
    missing = [name for name in columns if name not in table.columns]
    if missing or not columns:
        trained = "" if named else ", in which the model's training texts were"
        lacks = f"has no column {listed(missing)}{trained}" if missing else "has several columns"
        raise InputError(
            f"--file {file}: {lacks}; name the column of the texts with --text-column, one of {listed(table.columns)}, or "
            "give a .txt file with a text a line"
        )
    texts = [text or "" for text in texts_of(table, columns, notes)]
    return TextSource(iter(texts), len(texts), _ids(table, columns), notes)


def _ids(table: RawTable, texts: Iterable[str]) -> dict[str, Sequence[object]]:
    """The columns that tell rows apart: by their names, and no two cells alike."""
    candidates = [name for name in table.columns if name not in texts and name not in _ANSWERS]
    return {
        name: table.columns[name]
        for name in candidates
        if _ID.fullmatch(normal(name)) and len(set(map(str, table.columns[name]))) == len(table.columns[name])
    }


def _lines_of(file: Path, *, keep_ends: bool = False) -> Iterator[str]:
    with file.open("rb") as stream:
        yield from _decoded(stream, f"--file {file}", keep_ends=keep_ends)


def _decoded(stream: BinaryIO, name: str, *, keep_ends: bool = False) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        try:
            yield (text if keep_ends else text.rstrip(b"\r\n")).decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}: line {number} is not UTF-8 (byte {text[error.start]:#04x}); convert it, "
                "for instance with iconv -t UTF-8"
            ) from None
