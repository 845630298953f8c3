"""What the cells of the chosen columns say: texts, joined where several columns hold them, and labels, one a row."""

import json
import re
from collections.abc import Mapping, Sequence

from tuner.data.reading.raw_table import NO_VALUES, RawTable, joined_words, label_of, text_of
from tuner.data.text_dataset import NUMBER
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown

_ESCAPES = re.compile(r"(?<!\\)(?:\\[nrt])+")
_OTHER_BACKSLASHES = re.compile(r"\\[A-Za-mo-qsv-z]")
_BRACKETS = re.compile(r"\[(.*)\]|\((.*)\)|\{(.*)\}", re.DOTALL)
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_SEPARATORS = ("|", ";", ",")


def texts_of(table: RawTable, columns: Sequence[str], notes: list[str]) -> list[str | None]:
    """Return the text of each row, None where there is none; the texts of several columns are joined by a blank.

    A list of words is the text that they make. Line feeds and tabs that were written as a backslash and a letter become
    blanks. `notes` say so.
    Raises InputError where a cell cannot be a text.
    """
    parts = []
    for column in columns:
        cells = [joined_words(cell) for cell in table.columns[column]]
        if any(isinstance(cell, list) for cell in table.columns[column]):
            notes.append(f"{table.origin}: the lists of words in column {shown(column)} are joined by blanks")
        check_values(cells, origin=table.origin, column=column, role="text")
        parts.append(_unescaped([text_of(cell) for cell in cells], f"{table.origin}: column {shown(column)}", notes))
    if len(parts) == 1:
        return parts[0]
    return [" ".join(part for part in row if part is not None) or None for row in zip(*parts, strict=True)]


def check_values(cells: Sequence[object], *, origin: str, column: str, role: str) -> None:
    """Raise InputError where a cell holds what is neither text nor label, such as a list."""
    nested = next((number for number, cell in enumerate(cells, 1) if isinstance(cell, NO_VALUES)), None)
    if nested is not None:
        kind = type(cells[nested - 1]).__name__
        remedy = "give texts or lists of words, or name" if role == "text" else "name"
        raise InputError(
            f"{origin}: column {shown(column)} holds a {kind} in row {nested:,}: {remedy} another with `{role}_column`"
        )


def _unescaped(texts: list[str | None], where: str, notes: list[str]) -> list[str | None]:
    """Return the texts with escapes as blanks, unless most backslashes are something else: paths, formulas, line ends."""
    holding = [text for text in texts if text is not None and "\\" in text]
    escapes = sum(len(_ESCAPES.findall(text)) for text in holding)
    if sum(len(_OTHER_BACKSLASHES.findall(text)) for text in holding) * 20 > escapes or not escapes:
        return texts
    replaced = sum(bool(_ESCAPES.search(text)) for text in holding)
    notes.append(f"{where}: \\n, \\t and \\r in {counted(replaced, 'text')} read as blanks")
    return [None if text is None else _ESCAPES.sub(" ", text) for text in texts]


def labels_of(cells: Sequence[object], *, origin: str, column: str) -> list[str | None]:
    """Return the label in each cell of a column, None where there is none.

    A list of one label, also one that was written as text ("['neg']"), is that label.
    Raises InputError where a cell holds several labels, or what cannot be a label.
    """
    lists = _lists(cells)
    if lists is not None:
        for row, items in enumerate(lists, start=1):
            if len(items) > 1:
                raise _several(origin, column, row, f"a list of {len(items):,} ({listed(items, 4)})")
        cells = [items[0] if items else None for items in lists]
    check_values(cells, origin=origin, column=column, role="label")
    labels = [label_of(cell) for cell in cells]
    _check_joined(labels, origin, column)
    return labels


def _lists(cells: Sequence[object]) -> list[list[object]] | None:
    """Return what stands in each cell of a column of lists, None for a column of something else."""
    texts = {cell for cell in cells if isinstance(cell, str)}
    written = {text: items for text in texts if (items := _written_list(text)) is not None}
    if not any(isinstance(cell, (list, tuple)) for cell in cells):
        found = sum(isinstance(cell, str) and cell in written for cell in cells) if written else 0
        if found * 2 <= sum(label_of(cell) is not None for cell in cells):  # "[deleted]" now and then is no list
            return None
    return [_opened(cell, written) for cell in cells]


def _opened(cell: object, written: Mapping[str, list[object]]) -> list[object]:
    if isinstance(cell, (list, tuple)):
        return list(cell)
    return written.get(cell, [cell]) if isinstance(cell, str) else [cell]


def _written_list(cell: str) -> list[object] | None:
    """Return what stands in a list that was written as text, by Python, NumPy or as JSON; None for what is no list."""
    inside = _BRACKETS.fullmatch(cell.strip())
    if inside is None:
        return None
    try:
        items = json.loads(cell)
    except (ValueError, RecursionError):
        items = None
    if isinstance(items, list):
        return items
    content = next(group for group in inside.groups() if group is not None)
    quoted: list[object] = [single or double for single, double in _QUOTED.findall(content)]
    if quoted or inside[1] is None:  # what stands in other brackets without quotation marks may be anything
        return quoted or None
    return [item.strip() for item in content.split(",")] if content.strip() else []


def _check_joined(labels: Sequence[str | None], origin: str, column: str) -> None:
    """Refuse labels such as "neg|pos" where both "neg" and "pos" are labels, too."""
    names = {label for label in labels if label is not None}
    for separator in _SEPARATORS:
        for name in sorted(name for name in names if separator in name):
            if all(part.strip() in names for part in name.split(separator)):
                raise _several(origin, column, labels.index(name) + 1, shown(name))


def _several(origin: str, column: str, row: int, value: str) -> InputError:
    return InputError(
        f"{origin}: column {shown(column)} holds more than one label in row {row:,}, {value}: multi-label data cannot be "
        "searched; keep one label a row, or name another column with `label_column`"
    )


def spelled(labels: Sequence[str]) -> list[str]:
    """Return truth values as True and False ("TRUE" is what R writes), and where all are numbers, "1.0" as "1".

    A column of integers with gaps is often written with decimals.
    """
    names = set(labels)
    if {name.lower() for name in names} <= {"true", "false"}:
        return [label.capitalize() for label in labels]
    if all(NUMBER.fullmatch(name) for name in names):
        shorter = {name: re.sub(r"\.0+$", "", name) for name in names}
        return [shorter[label] for label in labels]
    return list(labels)
