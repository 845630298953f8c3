"""Parquet files to named columns."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tuner.data.reading.raw_table import RawTable, unique_names
from tuner.data.wording import shown
from tuner.errors import InputError


def read_parquet(path: Path, *, origin: str) -> RawTable:
    """Return the columns of the Parquet file at `path`, cells as Python values, bytes as text where they are UTF-8.

    Raises InputError where the file cannot be read as Parquet or has no rows.
    """
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
        names = unique_names(table.column_names)
        columns = {name: _cells(column) for name, column in zip(names, table.columns, strict=True)}
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = shown(str(error).split("\n", 1)[0], 80)
        raise InputError(
            f"{origin} cannot be read as Parquet ({reason}): write it again, or give CSV or JSONL"
        ) from error
    if table.num_rows == 0:
        raise InputError(f"{origin} has no rows: give a file with labelled texts")
    return RawTable(columns, origin)


def _cells(column: pa.ChunkedArray) -> list[object]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        try:
            column = column.cast(pa.large_string())
        except pa.ArrowInvalid:  # images, say: no harm as long as nobody asks for that column
            return list(column.to_pylist())
    cells: list[object] = column.to_pylist()
    return cells
