"""From what the user calls the data to labelled texts."""

import os
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from tuner.data.named_sets import NAMED_SETS, read_named
from tuner.data.reading.archives import is_archive, unpacked
from tuner.data.reading.charset import TextDecoder
from tuner.data.reading.cleaning import dataset_of
from tuner.data.reading.columns import FIND_ALL, Columns, choose_columns
from tuner.data.reading.formats import DataFile, known_suffixes, read_table, without_endings
from tuner.data.reading.given_split import with_given_split
from tuner.data.reading.joining import joined_parts, rows_of
from tuner.data.reading.layouts import entries_of, read_layout
from tuner.data.reading.raw_table import RawTable, label_of, part_of
from tuner.data.reading.sources import Located, located
from tuner.data.text_dataset import Split, TextDataset
from tuner.errors import InputError
from tuner.formatting import shown

_FORMATS = f"{known_suffixes()}, a folder or an archive of such files, or a folder with one folder a class"


def load_dataset(
    data: str,
    columns: Columns = FIND_ALL,
    *,
    data_dir: Path,
    validation_data: str | None = None,
    test_data: str | None = None,
    encoding: str | None = None,
) -> TextDataset:
    """Returns the labelled texts that `data` names.

    Args:
        data: a path to a file of any of the formats, compressed or not, to a folder of files, or to an archive of one; a
            pattern of paths; the URL of a file, or of a folder in object storage; or "imdb", "airline", "trec". A path that
            exists wins over a name.
        columns: what is not given is found, and the notes say what was found.
        data_dir: where named sets are looked for, and downloaded to.
        validation_data: where the texts to validate on lie, if they lie apart.
        test_data: where the texts to test on lie, if they lie apart.
        encoding: of text files, None to find it.

    Raises:
        InputError: where nothing is found, and for every fault of the data.
    """
    table, columns, name = read_tables(
        data, columns, data_dir=data_dir, validation_data=validation_data, test_data=test_data, encoding=encoding
    )
    return dataset_of(table, columns, name=without_endings(name))


def read_tables(
    data: str,
    columns: Columns = FIND_ALL,
    *,
    data_dir: Path,
    validation_data: str | None = None,
    test_data: str | None = None,
    encoding: str | None = None,
) -> tuple[RawTable, Columns, str]:
    """Returns all columns of what `load_dataset` takes, one row after the other, those to use of them, and the name.

    Raises:
        InputError: as `load_dataset`, where the files cannot be read.
    """
    table, name = read_source(data, columns, data_dir=data_dir, encoding=encoding)
    table, columns = with_given_split(table, columns)
    apart = {
        part: (option, read_source(source, columns, data_dir=data_dir, option=option, encoding=encoding)[0])
        for part, option, source in (
            (Split.VALIDATION, "validation_data", validation_data),
            (Split.TEST, "test_data", test_data),
        )
        if source is not None
    }
    if apart:
        table, columns = _with_parts(table, apart, columns)
    return table, columns, name


def read_source(
    data: str,
    columns: Columns = FIND_ALL,
    *,
    data_dir: Path,
    option: str = "data",
    encoding: str | None = None,
) -> tuple[RawTable, str]:
    """Returns the columns of what `data` names, as `load_dataset` has it, and its name.

    Raises:
        InputError: where nothing is found under `data`, which `option` gave, and where it cannot be read.
    """
    with located(data, option) as found:
        if found is not None:
            table = _read(found, columns, encoding)
            return replace(table, notes=(*found.notes, *table.notes)), found.name
    if data in NAMED_SETS:
        return read_named(NAMED_SETS[data], data_dir), data
    if near := _near(data):
        raise InputError(f"no data under {shown(data, 200)}; did you mean {shown(near, 200)}?")
    known = ", ".join(NAMED_SETS)
    raise InputError(f"no data under {shown(data, 200)}: give a path to {_FORMATS}, or one of the names {known}")


def _near(data: str) -> str | None:
    """The path of a file or folder that has nearly this name, beside where it was looked for."""
    path = Path(data)
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except (OSError, ValueError):  # no such folder, or no path at all
        return None
    close = get_close_matches(path.name, [*names, *(NAMED_SETS if path.name == data else ())], n=1)
    return str(path.parent / close[0]) if close else None


def _read(found: Located, columns: Columns, encoding: str | None) -> RawTable:
    origin = shown(found.name or str(found.paths[0]), 120)
    if len(found.paths) > 1:
        root = Path(os.path.commonpath([path.parent for path in found.paths]))
        return read_layout(found.paths, root, columns, origin=origin, encoding=encoding)
    (path,) = found.paths
    try:
        if path.is_dir():
            return read_layout(entries_of(path), path, columns, origin=origin, encoding=encoding)
        if is_archive(path):
            with unpacked(path, origin) as folder:
                return read_layout(entries_of(folder), folder, columns, origin=origin, encoding=encoding)
    except OSError as error:
        raise InputError(
            f"{origin} cannot be read ({error.strerror}): check the files and their permissions"
        ) from error
    return read_table(DataFile(path, origin, tuple(name for _, name in columns.named()), TextDecoder(encoding)))


def _with_parts(
    table: RawTable, apart: Mapping[Split, tuple[str, RawTable]], columns: Columns
) -> tuple[RawTable, Columns]:
    """The table with the rows of the parts that lie apart, and the columns with the one that tells the parts.

    Raises:
        InputError: where the table has such a part already, or a part has parts or other columns.
    """
    given = choose_columns(table, columns).split
    cells = ["train"] * rows_of(table) if given is None else table.columns[given]
    parts = {part_of(label) for cell in cells if (label := label_of(cell)) is not None}
    for part, (option, other) in apart.items():
        if part in parts or other.split is not None:
            has = (
                f"{table.origin} has a {part.name.lower()} split already"
                if part in parts
                else f"{other.origin} has parts"
            )
            raise InputError(f"{has}; leave the option out, or give files without splits", option=option)
    tables = [(Split.TRAIN, table), *((part, other) for part, (_, other) in apart.items())]
    together = joined_parts(tables, table.origin, replace(columns, split=given), may_lack_labels=False)
    if together.split is not None:
        held_out = together.columns[together.split][len(cells) :]
        together = replace(together, columns={**together.columns, together.split: [*cells, *held_out]})
    return together, replace(columns, split=together.split)
