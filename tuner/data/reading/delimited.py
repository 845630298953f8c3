"""Comma-, semicolon-, tab- and bar-separated files to named columns, without letting a stray quotation mark swallow rows.

Two readers share the work. PyArrow's is fast, and right where all quotation marks are sound; it
reads a file block by block, so that no copy of the whole is made. Where a block is not like that, the whole file goes to
``RecordReader``, which finds out what is meant.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import csv

from tuner.data.reading.dialect import DELIMITERS, Dialect, dialect_of, with_line_feeds
from tuner.data.reading.grammar import backslashes_are_paired
from tuner.data.reading.raw_table import RawTable, is_known_name, unique_names
from tuner.data.reading.records import LONG_BLOCK, RecordReader, Records
from tuner.data.reading.recurring_labels import bare, most_regular
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown

_BLOCK = 2**22  # bytes
_MOST_LEFT_OUT = 0.2  # share of rows with the wrong number of fields, beyond which the file is refused


def read_delimited(
    text: str | bytes, *, origin: str, delimiter: str | None = None, asked: Sequence[str] = ()
) -> RawTable:
    """Returns the columns of delimited text, as a string or in UTF-8; every cell is text.

    Args:
        text: of the file.
        origin: the file's name in messages.
        delimiter: one character, or None to take the one that divides the lines most evenly.
        asked: column names that the user gave; a first row that holds one of them is a header.

    Returns:
        The columns. Rows with the wrong number of fields are left out, and the notes say so.

    Raises:
        InputError: where no two columns or no rows are found, or too many rows would be left out.
    """
    content = with_line_feeds(text.encode() if isinstance(text, str) else text).rstrip(b"\x1a")  # DOS' end of file
    if not content.strip():
        raise InputError(f"{origin} holds blank lines only: give a file with labelled texts")
    dialect = dialect_of(content, delimiter)
    notes = _notes_on(dialect, origin, delimiter)
    if dialect.width < 2:
        line = content.split(b"\n", dialect.skipped + 1)[dialect.skipped].decode("utf-8", "replace")
        found = f"one column, {shown(line)}, with {_name(dialect.delimiter)} as delimiter"
        raise InputError(f"{origin} has {found}: give a text and a label column, separated by comma, semicolon or tab")
    clean = read_clean(content, dialect)
    records = read_records(content, dialect) if clean is None else Records(clean[0], spans=clean[1])
    _check_enough(records, dialect.width, origin)
    if b"\\\\" in content and not records.single_backslashes and backslashes_are_paired(content.decode()):
        notes.append(f"{origin}: pairs of backslashes read as they are, for none escapes a quotation mark")
    columns, stripped = _labels_without_quotes(records.columns) if b'"' in content else (records.columns, 0)
    header = bool(columns[0]) and has_header(columns, asked)
    notes += _notes_on_records(records, dialect.width, header, origin)
    if stripped:
        notes.append(f"{origin}: stray quotation marks taken off {counted(stripped, 'label')}")
    names = [f"column_{number}" for number in range(1, dialect.width + 1)]
    if header:
        names = unique_names(column[0] for column in columns)
    else:
        notes.append(f"{origin}: no header in the first row, so the columns are called {listed(names)}")
    cells: list[list[object]] = [[*column[int(header) :]] for column in columns]
    if not cells[0]:
        raise InputError(f"{origin} has a header ({listed(names)}) and no rows: give a file with labelled texts")
    return RawTable(
        dict(zip(names, cells, strict=True)),
        origin,
        tuple(notes),
        delimiter=dialect.delimiter,
        left_out=_left_out(records, dialect.width),
    )


def _notes_on(dialect: Dialect, origin: str, given: str | None) -> list[str]:
    notes = []
    if dialect.comments:
        notes.append(f"{origin}: {counted(dialect.comments, 'comment line')} before the header not read")
    if given is None and dialect.delimiter != ",":
        notes.append(f"{origin}: fields are separated by {_name(dialect.delimiter)}s")
    return notes


def _name(delimiter: str) -> str:
    return DELIMITERS.get(delimiter, shown(delimiter))


def read_clean(content: bytes, dialect: Dialect) -> tuple[list[list[str]], list[int]] | None:
    """Returns the columns of UTF-8 text whose quotation marks are sound, and how many lines each field with line feeds has.

    None where some record needs a closer look: its quotation marks quote no whole field, it has another number of fields,
    or it takes in lines that may be rows of their own.
    """
    columns: list[list[str]] = [[] for _ in range(dialect.width)]
    spanned = False
    for block in _sound_blocks(content, dialect):
        table = _parsed(block, dialect)
        if table is None:
            return None
        spanned = spanned or block.count(b"\n") > table.num_rows
        for column, cells in zip(columns, table.columns, strict=True):
            column.extend(_strings(cells))
    if not spanned:
        return columns, []
    spanning = [(place, cell) for place, column in enumerate(columns) for cell in column if "\n" in cell]
    labels = most_regular(columns, coverage=0.6)
    if labels is not None:
        known = set(map(bare, columns[labels.column]))
        for place, cell in spanning:
            lines = cell.split("\n")
            lines = [line for line in (lines[1:] if labels.column < place else lines[:-1]) if dialect.delimiter in line]
            if len(lines) >= LONG_BLOCK or any(
                not known.isdisjoint(map(bare, line.split(dialect.delimiter))) for line in lines
            ):
                return None
    return columns, [cell.count("\n") + 1 for _, cell in spanning]


def _strings(cells: pa.ChunkedArray) -> list[str]:
    """The cells as strings, of which those of labels, which recur, are kept once."""
    if cells.nbytes < 64 * len(cells):
        encoded = cells.combine_chunks().dictionary_encode()
        if len(encoded.dictionary) * 2 < len(encoded):
            return list(np.array(encoded.dictionary.to_pylist(), object)[encoded.indices.to_numpy()])
    return list(cells.to_pylist())


def _sound_blocks(content: bytes, dialect: Dialect) -> Iterator[bytes]:
    """Yields some megabytes at a time that end with a record; an empty block where a record's quotation marks are not sound."""
    d = re.escape(dialect.delimiter.encode())
    # A field that only ends with a quotation mark may have lost the one that it began with.
    one = rb'(?:"(?:[^"]++|"")*+"|(?! *")[^%b\n]*+(?<!"))' % d
    records = re.compile(rb"(?:%b(?:%b%b)*+(?:\n|\Z))++" % (one, d, one))
    start, size = _start(content, dialect), _BLOCK
    while start < len(content):
        end = content.find(b"\n", start + size) + 1 or len(content)
        if content.find(b'"', start, end) < 0:
            sound = end
        elif match := records.match(content, start, end):
            sound = match.end()
        elif end < len(content):  # a record that is longer than a block, or is not sound
            size *= 4
            continue
        else:
            sound = start
        yield content[start:sound]
        start, size = sound, _BLOCK


def _parsed(block: bytes, dialect: Dialect) -> pa.Table | None:
    """The columns of sound records; None where they have other numbers of fields, or backslashes may be escapes."""
    if not block or b'\\"' in block:
        return None
    names = [str(place) for place in range(dialect.width)]
    try:
        return csv.read_csv(
            io.BytesIO(block),
            csv.ReadOptions(column_names=names, block_size=len(block) + 1),
            csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid:  # a line with more fields or fewer
        return None


def _start(content: bytes, dialect: Dialect) -> int:
    start = 0
    for _ in range(dialect.skipped):
        start = content.find(b"\n", start) + 1
    return start


def read_records(content: bytes, dialect: Dialect) -> Records:
    """Returns the records of UTF-8 text, of which some need a closer look."""
    text = content[_start(content, dialect) :].decode()
    return RecordReader(text, dialect.delimiter, dialect.width, first_line=dialect.skipped + 1).read()


def _check_enough(records: Records, width: int, origin: str) -> None:
    even, uneven = len(records.columns[0]), len(records.uneven)
    if uneven <= _MOST_LEFT_OUT * (even + uneven):
        return
    (line, fields), *_ = records.uneven
    usual, count = Counter(fields for _, fields in records.uneven).most_common(1)[0]
    most = f"most rows have {usual}" if count > even else f"{uneven:,} rows of {even + uneven:,} have others"
    raise InputError(
        f"{origin}: the first row has {width} fields, {most} (line {line:,} has {fields}): "
        f"put texts that hold the delimiter in double quotes"
    )


def _left_out(records: Records, width: int) -> dict[str, int]:
    reasons = {f"not {width} fields": len(records.uneven), "cut off": int(records.cut_off is not None)}
    return {reason: count for reason, count in reasons.items() if count}


def _notes_on_records(records: Records, width: int, header: bool, origin: str) -> list[str]:
    notes = []
    if records.spans:
        spans, longest = len(records.spans), max(records.spans)
        many = "spans" if spans == 1 else "span"
        notes.append(f"{origin}: {counted(spans, 'field')} {many} lines, the longest {longest:,}")
    if records.literal:
        notes.append(
            f"{origin}: quotation marks read as plain characters in {counted(len(records.literal), 'row')}, "
            f"the first on line {records.literal[0]:,}, because they quote no whole field"
        )
    if records.joined:
        notes.append(
            f"{origin}: {counted(len(records.joined), 'text')} with the delimiter in it, the first on line "
            f"{records.joined[0]:,}, not in quotation marks: told by the labels or by backslashes"
        )
    if records.escaped_marks or records.single_backslashes:
        read = ['\\" as "'] * bool(records.escaped_marks) + ["\\\\ as \\"] * records.single_backslashes
        notes.append(f"{origin}: backslashes escape quotation marks: {' and '.join(read)}")
    cut_off = records.cut_off is not None
    rows = len(records.columns[0]) + len(records.uneven) + cut_off - header
    if cut_off:
        notes.append(
            f"{origin}: the file breaks off in its last row (line {records.cut_off:,}), which is left out of {rows:,}"
        )
    if records.uneven:
        line, fields = records.uneven[0]
        notes.append(
            f"{origin}: {counted(len(records.uneven), 'row')} of {rows:,} left out for not having {width} fields, "
            f"the first on line {line:,} with {fields}"
        )
    return notes


def _labels_without_quotes(columns: Sequence[list[str]]) -> tuple[list[list[str]], int]:
    """The columns, and how many labels lost a quotation mark: a label carries none that its column does not."""
    result: list[list[str]] = []
    stripped = 0
    for column in columns:
        marked = [cell for cell in column if '"' in cell]
        meant: Mapping[str, str] = {}
        if marked and len(marked) * 2 < len(column):
            counts = Counter(column)
            if len(counts) * 2 <= len(column):
                meant = {cell: label for cell in set(marked) if counts[label := bare(cell)] > counts[cell]}
        stripped += sum(cell in meant for cell in marked)
        result.append([meant.get(cell, cell) for cell in column] if meant else column)
    return result, stripped


def has_header(columns: Sequence[Sequence[object]], asked: Sequence[str] = ()) -> bool:
    """Tells whether the first row names the columns.

    It does where a cell is a usual column name or one that was asked for. It does not where one of its cells recurs
    further down in the same column, the column of most distinct values left aside: that is a label.
    """
    first = [str(column[0]).strip() for column in columns]
    if any(is_known_name(cell) or cell in asked for cell in first):
        return True
    varied = max(
        range(len(columns)), key=lambda place: (len(set(columns[place])), sum(map(len, map(str, columns[place]))))
    )
    return not any(
        place != varied and cell and any(str(other).strip() == cell for other in columns[place][1:])
        for place, cell in enumerate(first)
    )
