"""Spreadsheets: the first sheet that has a table."""

import io
from collections.abc import Sequence
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from tuner.data.reading.delimited import has_header
from tuner.data.reading.raw_table import RawTable, unique_names
from tuner.errors import InputError
from tuner.formatting import listed, shown


def read_spreadsheet(raw: bytes, *, origin: str, asked: Sequence[str] = ()) -> RawTable:
    """Returns the columns of the first sheet with two columns and two rows or more; rows above its header are left out.

    Args:
        raw: the file's bytes.
        origin: its name in messages.
        asked: column names that the user gave; a first row that holds one of them is a header.

    Raises:
        InputError: where the file cannot be read, or no sheet has a table.
    """
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        names = workbook.sheet_names
        for name in names:
            rows = _table(workbook.get_sheet_by_name(name).to_python())
            if rows:
                break
        else:
            raise InputError(f"{origin} has no sheet with a table (sheets {listed(names)}): two columns are needed")
    except (CalamineError, OSError, ValueError) as error:
        raise InputError(
            f"{origin} cannot be read as a spreadsheet ({shown(str(error), 80)}): save it again, or as CSV"
        ) from error
    notes = [f"{origin}: read from sheet {shown(name)}, not from {listed([n for n in names if n != name], 4)}"] * (
        len(names) > 1
    )
    texts = [[str(cell).strip() for cell in row] for row in rows]
    if has_header(list(zip(*texts, strict=True)), asked):
        columns, rows = unique_names(texts[0]), rows[1:]
    else:
        columns = [f"column_{number}" for number in range(1, len(rows[0]) + 1)]
        notes.append(f"{origin}: no header in the first row, so the columns are called {listed(columns)}")
    cells = {column: [None if row[i] == "" else row[i] for row in rows] for i, column in enumerate(columns)}
    return RawTable(cells, origin, tuple(notes))


def _table(rows: list[list[Any]]) -> list[list[Any]]:
    """The rows from the first with two cells on, without empty rows and columns; none where there are fewer than two."""
    filled = [row for row in rows if any(cell != "" for cell in row)]
    start = next((number for number, row in enumerate(filled) if sum(cell != "" for cell in row) > 1), len(filled))
    filled = filled[start:]
    if len(filled) < 2:
        return []
    used = [column for column in range(len(filled[0])) if any(row[column] != "" for row in filled)]
    return [[row[column] for column in used] for row in filled]
