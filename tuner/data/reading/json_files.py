"""JSON in the forms that people have it: a record a line, an array of records, columns, records under a key."""

import json
from collections.abc import Iterable
from typing import Any

from tuner.data.reading.file_names import part_in
from tuner.data.reading.raw_table import RawTable
from tuner.errors import InputError
from tuner.formatting import listed, shown

_RECORD = 'write {"text": ..., "label": ...}'


def read_json(text: str, *, origin: str) -> RawTable:
    """Returns the columns of JSON `text`; a key that a record lacks is a missing cell.

    Args:
        text: JSON Lines (blank lines are no rows); an array of records; an object of columns or of records, as pandas
            writes it; an object with the texts of each class, with records under one key, or with records under the names
            of parts (train, validation, test).
        origin: the file's name in messages.

    Raises:
        InputError: with the line where it is not JSON, and where there are no records.
    """
    if not text.strip():
        raise InputError(f"{origin} holds blank lines only: give a file with labelled texts")
    lines = ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())
    number, first = next(lines)
    is_lines = next(lines, None) is not None and _is_json(first)
    if is_lines:
        return RawTable(_columns(_line_records(text, origin)), origin, format="JSONL")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        number = getattr(error, "lineno", number)
        raise _not_json(error, origin, number, text.split("\n", number)[number - 1]) from error
    return _table_of(document, origin)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _not_json(error: Exception, origin: str, number: int, line: str) -> InputError:
    reason = getattr(error, "msg", "nested too deeply or a number too long")
    return InputError(f"{origin}, line {number:,} is not JSON ({reason}): {shown(line)}; one object a line is needed")


def _line_records(text: str, origin: str) -> Iterable[dict[str, object]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _not_json(error, origin, number, line) from error
        yield _record(row, f"{origin}, line {number:,}")


def _table_of(document: Any, origin: str) -> RawTable:
    """The table that one JSON value is."""
    if isinstance(document, list):
        return RawTable(_columns(_records(document, origin)), origin, format="JSON")
    if not isinstance(document, dict):
        raise InputError(f"{origin} holds {shown(document)}, which is no records: {_RECORD}")
    if columns := _columns_of(document):
        return RawTable(columns, origin, format="JSON")
    tables = {
        key: value for key, value in document.items() if isinstance(value, list) and value and _is_record(value[0])
    }
    if not tables:
        return RawTable(_columns([document]), origin, format="JSON")
    rest = [key for key in document if key not in tables]
    notes = (f"{origin}: read from the key {listed(tables)}" + (f", not from {listed(rest, 4)}" if rest else ""),)
    if len(tables) == 1:
        ((key, value),) = tables.items()
        return RawTable(_columns(_records(value, f"{origin}, {key}")), origin, notes, format="JSON")
    parts = {key: part.name.lower() for key in tables if (part := part_in(key)) is not None}
    if len(parts) < len(tables):
        raise InputError(
            f"{origin} has records under the keys {listed(tables)}: keep one of them, or call them train, validation and test"
        )
    records = (
        {**record, "split": parts[key]} for key, rows in tables.items() for record in _records(rows, f"{origin}, {key}")
    )
    return RawTable(_columns(records), origin, notes, format="JSON")


def _columns_of(document: dict[str, Any]) -> dict[str, list[object]]:
    """The columns of an object in one of the forms that pandas writes, empty where it is in none."""
    values = list(document.values())
    names, rows = document.get("columns"), document.get("data")
    if isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows):
        return {str(name): [row[i] if i < len(row) else None for row in rows] for i, name in enumerate(names)}
    if len(values) > 1 and all(isinstance(value, list) for value in values):
        are_records = [bool(value) and _is_record(value[0]) for value in values]
        if len({len(value) for value in values}) == 1 and not all(are_records):
            return document
        if any(are_records):
            return {}
        texts = [(text, label) for label, value in document.items() for text in value]  # the texts of each class
        return {"text": [text for text, _ in texts], "label": [label for _, label in texts]}
    if not values or not all(isinstance(value, dict) and value for value in values):
        return {}
    if all(key.isdecimal() for value in values for key in value):  # the numbers of rows
        index = dict.fromkeys(key for value in values for key in value)
        return {name: [value.get(key) for key in index] for name, value in document.items()}
    return _columns(values)


def _is_record(value: object) -> bool:
    return isinstance(value, (dict, list))


def _records(rows: list[Any], origin: str) -> Iterable[dict[str, object]]:
    if not rows:
        raise InputError(f"{origin} is an empty array: give a file with labelled texts")
    return (_record(row, f"{origin}, record {number:,}") for number, row in enumerate(rows, start=1))


def _record(row: Any, place: str) -> dict[str, object]:
    if isinstance(row, dict):
        return row
    if isinstance(row, list) and len(row) > 1:
        return {f"column_{number}": cell for number, cell in enumerate(row, start=1)}
    raise InputError(f"{place} is not a JSON object: {shown(row)}; {_RECORD}")


def _columns(records: Iterable[dict[str, object]]) -> dict[str, list[object]]:
    rows = list(records)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}
