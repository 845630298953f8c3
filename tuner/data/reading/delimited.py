"""Comma-, semicolon- and tab-separated files to named columns: delimiter, header, and rows of the wrong length."""

from collections import Counter
from collections.abc import Sequence

from tuner.data.reading.column_names import is_known_name
from tuner.data.reading.quoting import cells_of
from tuner.data.reading.raw_table import RawTable, unique_names
from tuner.data.reading.records import Records, split_records
from tuner.data.wording import counted, listed, shown
from tuner.errors import InputError

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
    if has_header(rows, asked):
        names, rows = unique_names(rows[0]), rows[1:]
    else:
        names = [f"column_{number}" for number in range(1, width + 1)]
        notes.append(f"{origin}: no header in the first row, so the columns are called {listed(names)}")
    if not rows:
        raise InputError(f"{origin} has a header ({listed(names)}) and no rows: give a file with labelled texts")
    columns: dict[str, list[object]] = {name: [row[number] for row in rows] for number, name in enumerate(names)}
    return RawTable(columns, origin, tuple(notes))


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
