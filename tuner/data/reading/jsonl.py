"""JSON Lines to named columns: one object a line."""

import json

from tuner.data.reading.raw_table import RawTable
from tuner.data.wording import shown
from tuner.errors import InputError


def read_jsonl(text: str, *, origin: str) -> RawTable:
    """Return the columns of JSON Lines `text`; a key that an object lacks is a missing cell, blank lines are no rows.

    Raises InputError with the line number where a line is not one JSON object, and where there are no objects.
    """
    rows: list[dict[str, object]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", "nested too deeply or a number too long")
            raise InputError(
                f"{origin}, line {number:,} is not JSON ({reason}): {shown(line)}; one object a line is needed"
            ) from error
        if not isinstance(row, dict):
            raise InputError(
                f'{origin}, line {number:,} is not a JSON object: {shown(line)}; write {{"text": ..., "label": ...}}'
            )
        rows.append(row)
    if not rows:
        raise InputError(f"{origin} holds blank lines only: give a file with labelled texts")
    names = dict.fromkeys(name for row in rows for name in row)
    return RawTable({name: [row.get(name) for row in rows] for name in names}, origin)
