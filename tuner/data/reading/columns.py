"""Which column is the text, which the label, and which the given split: as asked, by name, or by shape."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress

from tuner.data.reading.raw_table import (
    LABEL_NAMES,
    SPLIT_NAMES,
    TEXT_NAMES,
    RawTable,
    joined_words,
    label_of,
    normal,
    part_of,
    preferred,
    text_of,
)
from tuner.data.text_dataset import NUMBER
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown

_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")


@dataclass(frozen=True)
class Columns:
    """The names of the columns that a user gave; what is None or empty is found. Several texts are joined in this order."""

    text: tuple[str, ...] = ()
    label: str | None = None
    split: str | None = None

    def named(self) -> list[tuple[str, str]]:
        """The names that were given, each after its role."""
        others = (("label", self.label), ("split", self.split))
        return [*(("text", name) for name in self.text), *((role, name) for role, name in others if name is not None)]


FIND_ALL = Columns()


@dataclass(frozen=True)
class Choice:
    """The names of the chosen columns, `split` None where no column gives one; `notes` say what was chosen and why."""

    text: tuple[str, ...]
    label: str
    split: str | None
    notes: tuple[str, ...]


def choose_columns(table: RawTable, requested: Columns = FIND_ALL) -> Choice:
    """Return the columns of `table` to use; what was not requested is found, by usual names first, then by shape.

    The text is the column of strings with the greatest mean length. The label is a column with few distinct values that
    rows with a text rarely lack. The split is a column by a usual name whose values say train, validation and test.
    Raises InputError where a requested column is missing, one column is requested twice, or none fits.
    """
    for role, name in requested.named():
        if name not in table.columns:
            raise InputError(
                f"{table.origin} has no column {shown(name)} for the {role}: it has {listed(table.columns)}"
            )
    named = [name for _, name in requested.named()]
    if len(set(named)) < len(named):
        raise InputError(f"{table.origin}: texts, label and split must be different columns. Received: {listed(named)}")
    if len(table.columns) < 2:
        raise InputError(
            f"{table.origin} has one column ({listed(table.columns)}): a text and a label column are needed"
        )
    free = [name for name in table.columns if name not in named]
    notes: list[str] = []
    split = requested.split or _find_split(table, free, notes)
    free = [name for name in free if name != split]
    text = requested.text or (_find_text(table, free, reserve=requested.label is None, notes=notes),)
    free = [name for name in free if name not in text]
    label = requested.label or _find_label(table, text, free, notes)
    return Choice(text, label, split, tuple(notes))


def _find_split(table: RawTable, free: Sequence[str], notes: list[str]) -> str | None:
    for name in preferred(list(free), SPLIT_NAMES):
        values = set(map(label_of, table.columns[name])) - {None}
        unknown = [value for value in values if value is not None and part_of(value) is None]
        if values and not unknown:
            notes.append(f"{table.origin}: given split taken from column {shown(name)}")
            return name
        if any(value is not None and part_of(value) is not None for value in values):
            odd = shown(min(unknown))
            notes.append(f"{table.origin}: column {shown(name)} not taken as a split, because it holds {odd}")
    return None


def _find_text(table: RawTable, free: list[str], *, reserve: bool, notes: list[str]) -> str:
    """Find the text column; `reserve` says that a label column must be left over."""
    lengths = {name: _mean_length(table.columns[name]) for name in free}
    textual = [name for name in free if lengths[name] > 0]
    labels = preferred(textual, LABEL_NAMES)
    if reserve and len(free) == 2 and labels and len(textual) == 2:
        textual.remove(labels[0])  # "title, category": the one that is called a label is none of the texts
    if not textual:
        raise InputError(
            f"{table.origin} has no column of texts among {listed(free)}: name one with `text_column`, or give a file with "
            f"texts or lists of words"
        )
    by_name = [name for name in preferred(textual, TEXT_NAMES) if name not in labels]
    if by_name:
        notes.append(f"{table.origin}: text from column {shown(by_name[0])}{_others(by_name)}")
        return by_name[0]
    by_length = sorted(textual, key=lambda name: (-lengths[name], free.index(name)))
    longest = lengths[by_length[0]]
    possible = [name for name in by_length if name not in labels and lengths[name] * 4 >= longest]
    notes.append(
        f"{table.origin}: text from column {shown(by_length[0])}, the longest strings ({longest:.0f} characters on "
        f"average){_others(possible)}"
    )
    return by_length[0]


def _find_label(table: RawTable, text: Sequence[str], free: list[str], notes: list[str]) -> str:
    """Find the label column: by its name, else the one with the fewest values among those that are rarely empty."""
    has_text = [any(map(text_of, cells)) for cells in zip(*(table.columns[name] for name in text), strict=True)]
    labels = {name: _distinct(table.columns[name], has_text) for name in free}
    rows = sum(has_text)
    fitting = [name for name in free if len(labels[name]) > 1 and not looks_continuous(len(labels[name]), rows)]
    by_name = preferred(fitting, LABEL_NAMES) or preferred(free, LABEL_NAMES)
    usual = [name for name in by_name if normal(name) in LABEL_NAMES]
    by_shape = [
        name for name in fitting if name in by_name or (len(labels[name]) < rows and not _are_dates(labels[name]))
    ]
    if not by_shape and len(free) == 1:
        by_shape = free
    filled = {name: sum(labels[name].values()) for name in by_shape}

    def rank(name: str) -> tuple[bool, bool, bool, int, int]:
        """What people mean comes first: no column that is often empty, none that divides another ("sub-category")."""
        is_empty = filled[name] < 0.9 * max(filled.values())
        divides = any(other != name and normal(name).endswith(normal(other)) for other in by_shape)
        place = by_name.index(name) if name in by_name else len(labels[name])
        return is_empty, divides, name not in by_name, place, free.index(name)

    candidates = list(dict.fromkeys([*usual, *sorted(by_shape, key=rank), *by_name]))
    if not candidates:
        raise InputError(
            f"{table.origin} has no column with few distinct values among {listed(free)}: name one with `label_column`"
        )
    chosen = candidates[0]
    values = "" if chosen in by_name else f", which has {counted(len(labels[chosen]), 'distinct value')}"
    notes.append(f"{table.origin}: label from column {shown(chosen)}{values}{_others(candidates)}")
    return chosen


def _distinct(cells: Sequence[object], used: Sequence[bool]) -> Counter[str]:
    """Count the labels in the rows that are used."""
    counts = Counter(map(label_of, compress(cells, used)))
    return Counter({label: count for label, count in counts.items() if label is not None})


def _are_dates(values: Iterable[str]) -> bool:
    return all(_DATE.match(value) for value in values)


def looks_continuous(distinct: int, rows: int) -> bool:
    """Tell whether a column of `rows` cells with `distinct` values is a measurement or an identifier, not a label."""
    return distinct > 50 and distinct * 2 > rows


def _mean_length(cells: Sequence[object]) -> float:
    """Return the mean length of the strings, 0 where less than half of the cells that are not missing hold words."""
    present = [cell for cell in map(joined_words, cells) if cell is not None and cell != ""]
    strings = [cell for cell in present if isinstance(cell, str) and not NUMBER.fullmatch(cell)]
    if not strings or len(strings) * 2 < len(present):
        return 0.0
    return sum(map(len, strings)) / len(strings)


def _others(candidates: Sequence[str]) -> str:
    return f" (also possible: {listed(candidates[1:], 4)})" if len(candidates) > 1 else ""
