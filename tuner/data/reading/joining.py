"""Several tables as one: the shards of a table, the files of the classes, the parts of a split."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tuner.data.reading.columns import FIND_ALL, Columns, choose_columns
from tuner.data.reading.raw_table import LABEL_NAMES, RawTable, normal, preferred, unique_names
from tuner.data.text_dataset import Split
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown


def rows_of(table: RawTable) -> int:
    """Returns the number of rows."""
    return len(next(iter(table.columns.values()), ()))


def joined(tables: Sequence[RawTable], origin: str) -> RawTable:
    """Returns the rows of all tables, one table after the other; a column that a table lacks has missing cells there."""
    if len(tables) == 1:
        return tables[0]
    columns: dict[str, list[object]] = {name: [] for table in tables for name in table.columns}
    left_out: Counter[str] = Counter()
    for table in tables:
        for name, cells in columns.items():
            cells.extend(table.columns.get(name) or [None] * rows_of(table))
        left_out.update(table.left_out)
    return RawTable(
        columns,
        origin,
        tuple(dict.fromkeys(note for table in tables for note in table.notes)),
        format=_listed_once(table.format for table in tables),
        encoding=_listed_once(table.encoding for table in tables),
        delimiter=_listed_once(table.delimiter for table in tables),
        left_out=dict(left_out),
        split=next((table.split for table in tables if table.split is not None), None),
        sources=tuple(source for table in tables for source in table.sources or ((table.origin, rows_of(table)),)),
    )


def joined_shards(tables: Sequence[RawTable], origin: str) -> RawTable:
    """Returns the rows of the shards of one table, of which the first alone may have a header."""
    first = tables[0]
    rest = (
        replace(table, columns=dict(zip(first.columns, table.columns.values(), strict=True)))
        if table.delimiter is not None and len(table.columns) == len(first.columns) and _has_no_header(table)
        else table
        for table in tables[1:]
    )
    return joined([first, *rest], origin)


def _has_no_header(table: RawTable) -> bool:
    return list(table.columns) == [f"column_{number}" for number in range(1, len(table.columns) + 1)]


def _listed_once(values: Iterable[str | None]) -> str | None:
    return ", ".join(sorted({value for value in values if value is not None})) or None


def with_constant(table: RawTable, name: str, value: str) -> tuple[RawTable, str]:
    """Returns the table with one more column that holds `value` in every row, and the column's name, which is free."""
    name = unique_names([*table.columns, name])[-1]
    return replace(table, columns={**table.columns, name: [value] * rows_of(table)}), name


def joined_parts(
    parts: Sequence[tuple[Split, RawTable]], origin: str, requested: Columns = FIND_ALL, *, may_lack_labels: bool
) -> RawTable:
    """Returns the tables of the parts of a split as one, with a column that says which row is of which.

    The columns are those of the training table. A table without its label column is left out where that may be, and its
    rows are counted.

    Raises:
        InputError: where a table lacks columns that the training table has.
    """
    model = next((table for part, table in parts if part is Split.TRAIN), parts[0][1])
    choice = choose_columns(model, requested)
    needed = [*choice.text, choice.label]
    kept: list[tuple[Split, RawTable]] = []
    notes: list[str] = []
    left_out: Counter[str] = Counter()
    for part, given in parts:
        table = _named_like(model, given)
        lacks = [name for name in needed if name not in table.columns]
        unknown = [name for name in table.columns if name not in model.columns]
        if lacks == [choice.label] and may_lack_labels and not preferred(unknown, LABEL_NAMES):
            count = rows_of(table)
            left_out["without label"] += count
            notes.append(
                f"{table.origin}: left out {counted(count, 'row')}, it has no label column {shown(choice.label)}"
            )
        elif lacks:
            raise InputError(
                f"{table.origin} has no column {listed(lacks)}, which {model.origin} has: it has {listed(table.columns)}; "
                "name the columns alike"
            )
        else:
            kept.append((part, table))
    together = joined([table for _, table in kept], origin)
    name = None
    if len({part for part, _ in kept}) > 1:
        name = unique_names([*together.columns, "split"])[-1]
        cells = [part.name.lower() for part, table in kept for _ in range(rows_of(table))]
        together = replace(together, columns={**together.columns, name: list[object](cells)})
    left_out.update(together.left_out)
    return replace(together, notes=(*together.notes, *notes), left_out=dict(left_out), split=name)


def _named_like(model: RawTable, table: RawTable) -> RawTable:
    """The table with the names of the model's columns where its own differ in capitals and blanks only."""
    spelled = {normal(name): name for name in model.columns}
    if set(table.columns) <= set(model.columns):
        return table
    names = {name: name if name in model.columns else spelled.get(normal(name), name) for name in table.columns}
    if len(set(names.values())) < len(names):
        return table
    return replace(table, columns={names[name]: cells for name, cells in table.columns.items()})
