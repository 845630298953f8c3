"""Parquet and Arrow files, with the class names that the Hugging Face library keeps in them."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

from tuner.data.reading.raw_table import RawTable, unique_names
from tuner.errors import InputError
from tuner.formatting import shown

_NO_FEATURES: Mapping[str, Any] = {}


def read_parquet(source: Path | BinaryIO, *, origin: str) -> RawTable:
    """Returns the columns of a Parquet file, cells as Python values, bytes as text where they are UTF-8.

    Raises:
        InputError: where the file cannot be read as Parquet.
    """
    return _read(_parquet_table, source, "Parquet", origin, _NO_FEATURES)


def read_arrow(source: Path | BinaryIO, *, origin: str, features: Mapping[str, Any] = _NO_FEATURES) -> RawTable:
    """Returns the columns of an Arrow file, as a stream or as Feather, cells as `read_parquet` has them.

    Args:
        source: the file.
        origin: its name in messages.
        features: of the Hugging Face library, for a file that does not hold them itself.

    Raises:
        InputError: where the file cannot be read as Arrow.
    """
    return _read(_arrow_table, source, "Arrow", origin, features)


def _parquet_table(source: Path | BinaryIO) -> pa.Table:
    with pq.ParquetFile(source) as file:
        return file.read()


def _arrow_table(source: Path | BinaryIO) -> pa.Table:
    with pa.memory_map(str(source)) if isinstance(source, Path) else pa.PythonFile(source) as file:
        is_stream = file.read(4) == b"\xff\xff\xff\xff"
        file.seek(0)
        table = pa.ipc.open_stream(file).read_all() if is_stream else pyarrow.feather.read_table(file)
    table.validate(full=True)  # Arrow believes offsets; those of a damaged file lead anywhere
    return table


def _read(
    read: Callable[[Path | BinaryIO], pa.Table],
    source: Path | BinaryIO,
    kind: str,
    origin: str,
    features: Mapping[str, Any],
) -> RawTable:
    try:
        table = read(source)
        features = features_of(table.schema.metadata) or features
        names = unique_names(table.column_names)
        columns = {
            name: _named(_cells(column), features.get(original))
            for name, original, column in zip(names, table.column_names, table.columns, strict=True)
        }
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = shown(str(error).split("\n", 1)[0], 80)
        raise InputError(
            f"{origin} cannot be read as {kind} ({reason}): write it again, or give CSV or JSONL"
        ) from error
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


def features_of(metadata: Mapping[bytes, bytes] | None) -> Mapping[str, Any]:
    """Returns the features that the Hugging Face library keeps in a file's metadata, none where there are none."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return _NO_FEATURES
    return features if isinstance(features, dict) else _NO_FEATURES


def _named(cells: list[object], feature: Any) -> list[object]:
    """Class numbers as the names that a ClassLabel gives them; a number without a name, such as -1, is no label."""
    if not isinstance(feature, dict):
        return cells
    if isinstance(feature.get("feature"), dict):  # a list of labels
        within = feature["feature"]
        return [_named(cell, within) if isinstance(cell, list) else cell for cell in cells]
    names = feature.get("names")
    if feature.get("_type") != "ClassLabel" or not isinstance(names, list):
        return cells
    return [_class_name(cell, names) if isinstance(cell, int) else cell for cell in cells]


def _class_name(number: int, names: Sequence[str]) -> str | None:
    return str(names[number]) if 0 <= number < len(names) else None
