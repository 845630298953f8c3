"""Folders of files as people have them: given splits, shards, one file or folder a class, texts and labels apart.

A name says what a file is: `train-00000-of-00002.parquet` is a shard of the training set, `neg.txt` are the texts of class
neg beside `pos.txt`, and the texts of their own in `dev_text.txt` have their labels in `dev_labels.txt`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from tuner.data.reading.arrow_files import features_of, read_arrow
from tuner.data.reading.charset import TextDecoder
from tuner.data.reading.class_folders import read_class_folders
from tuner.data.reading.columns import Columns
from tuner.data.reading.compression import is_hidden
from tuner.data.reading.file_names import are_shards, class_names, is_no_data, part_in, text_and_label_files
from tuner.data.reading.formats import (
    DataFile,
    has_table_ending,
    known_suffixes,
    read_table,
    reader_of,
)
from tuner.data.reading.joining import joined, joined_parts, joined_shards, with_constant
from tuner.data.reading.raw_table import (
    LABEL_NAMES,
    TEXT_NAMES,
    RawTable,
    is_known_name,
    label_of,
    normal,
    part_of,
    preferred,
)
from tuner.data.text_dataset import Split
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown


def read_layout(
    entries: Sequence[Path], root: Path, requested: Columns, *, origin: str, encoding: str | None = None
) -> RawTable:
    """Returns the columns of files and folders that belong together.

    Args:
        entries: what lies in a folder, or what a pattern found.
        root: the folder; messages name files from there.
        requested: the columns that the user gave.
        origin: the name of it all in messages.
        encoding: of text files, None to find it.

    Raises:
        InputError: where it is not clear how the files belong together, and for every fault of a file.
    """
    return _Layout(root, requested, origin, encoding).read(entries)


def _contents(folder: Path) -> Iterator[bytes]:
    """The bytes of all files below, unpacked."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not is_hidden(path.relative_to(folder)):
            try:
                yield DataFile(path, path.name).content()
            except (OSError, InputError):  # named where it is read, if it is
                continue


def entries_of(folder: Path) -> list[Path]:
    """Returns what lies in a folder, sorted, without hidden files."""
    return sorted(child for child in folder.iterdir() if not is_hidden(Path(child.name)))


@dataclass(frozen=True)
class _Piece:
    """A file, a pair of files or a folder that is one table."""

    path: Path
    read: Callable[[], RawTable]
    is_lines: bool = False
    """Whether it is a text file with a text a line, rather than a table."""


class _Layout:
    def __init__(self, root: Path, requested: Columns, origin: str, encoding: str | None) -> None:
        self._root = root
        self._requested = requested
        self._origin = origin
        self._decoder = TextDecoder(encoding, partial(_contents, root))
        self._notes: list[str] = []

    def read(self, entries: Sequence[Path]) -> RawTable:
        table = self._table(entries)
        return replace(table, notes=(*self._notes, *table.notes))

    def _table(self, entries: Sequence[Path]) -> RawTable:
        """The rows of what lies in one folder."""
        folders = [entry for entry in entries if entry.is_dir()]
        files = [entry for entry in entries if entry.is_file()]
        if saved := next((file for file in files if file.name == "state.json"), None):
            return self._saved(saved)
        pieces = self._pieces([file for file in files if not is_no_data(file.name)])
        parts = [folder for folder in folders if _is_part(folder, folders)]
        if parts or any(part_in(piece.path.name) is not None for piece in pieces):
            return self._parts(pieces, parts, [folder for folder in folders if folder not in parts])
        if folders and all("=" in folder.name for folder in folders):
            return self._partitions(folders)
        if len(folders) > 1 and not any(map(_holds_tables, folders)):
            return read_class_folders(folders, origin=self._origin, decoder=self._decoder)
        if len(folders) == 1 and (not pieces or (len(pieces) == 1 and pieces[0].is_lines)):
            self._say_not_read(piece.path for piece in pieces)
            return self._table(entries_of(folders[0]))
        if folders and not pieces:
            raise InputError(
                f"{self._origin} has the folders {listed(folder.name for folder in folders)} with tables: give one with `data`"
            )
        self._say_not_read(folders)
        return self._one_table(pieces)

    def _name(self, path: Path) -> str:
        """How messages call a file."""
        return shown(path.relative_to(self._root).as_posix(), 120)

    def _say_not_read(self, paths: Iterable[Path]) -> None:
        names = [path.relative_to(self._root).as_posix() for path in paths]
        if names:
            self._notes.append(f"{self._origin}: not read: {listed(names, 4)}")

    def _file(self, path: Path) -> DataFile:
        return DataFile(path, self._name(path), tuple(name for _, name in self._requested.named()), self._decoder)

    def _pieces(self, files: Sequence[Path]) -> list[_Piece]:
        """Pairs of a text file and a label file, and the other files one by one."""
        lines = {path for path in files if _is_lines(self._file(path))}
        pairs = dict(text_and_label_files(sorted(lines)))
        labels = set(pairs.values())
        known = [path for path in files if (path in lines or _is_table(self._file(path))) and not _is_empty_shard(path)]
        self._say_not_read(path for path in files if path not in known)
        return [
            _Piece(path, partial(self._pair, path, pairs[path]))
            if path in pairs
            else _Piece(path, partial(read_table, self._file(path), may_be_empty=True), path in lines)
            for path in known
            if path not in labels
        ]

    def _pair(self, path: Path, labels_path: Path) -> RawTable:
        """Texts and labels, line by line."""
        (texts, encoding, notes), (labels, _, _) = self._lines(path), self._lines(labels_path)
        if len(texts) != len(labels):
            raise InputError(
                f"{self._name(path)} has {counted(len(texts), 'line')}, {self._name(labels_path)} {len(labels):,}: "
                "a label on the same line as each text is needed"
            )
        if normal(texts[0]) in TEXT_NAMES and normal(labels[0]) in LABEL_NAMES:
            del texts[0], labels[0]
        note = f"{self._origin}: texts from {self._name(path)}, their labels from {self._name(labels_path)}"
        columns: dict[str, list[object]] = {"text": [*texts], "label": [*labels]}
        return RawTable(columns, self._name(path), (note, *notes), format="texts and labels apart", encoding=encoding)

    def _lines(self, path: Path) -> tuple[list[str], str, tuple[str, ...]]:
        """The lines of a text file, its encoding, and what there is to say of that."""
        decoded = self._file(path).decoded()
        text = decoded.text.replace("\r\n", "\n").removesuffix("\n")
        return text.split("\n"), decoded.encoding, tuple(decoded.notes(self._name(path)))

    def _parts(self, pieces: Sequence[_Piece], folders: Sequence[Path], others: Sequence[Path]) -> RawTable:
        """The parts of a split: files and folders that are called like them."""
        pieces = [*pieces, *(_Piece(folder, partial(self._table, entries_of(folder))) for folder in folders)]
        named = [piece for piece in pieces if part_in(piece.path.name) is not None]
        chosen = _of_one_format(named)
        groups: defaultdict[Split, list[_Piece]] = defaultdict(list)
        for piece in sorted(chosen, key=lambda piece: piece.path):
            part = part_in(piece.path.name)
            if part is not None:
                groups[part].append(piece)
        self._say_not_read([*others, *(piece.path for piece in pieces if piece not in chosen)])
        tables = [(part, self._one_table(group, part)) for part, group in groups.items()]
        places = [
            f"{part.name.lower()} from "
            + (self._name(group[0].path) if len(group) == 1 else counted(len(group), "file"))
            for part, group in sorted(groups.items())
        ]
        self._notes.append(f"{self._origin}: {', '.join(places)}")
        return joined_parts(tables, self._origin, self._requested, may_lack_labels=True)

    def _one_table(self, pieces: Sequence[_Piece], part: Split | None = None) -> RawTable:
        """The rows of files of the same part, or of none."""
        if not pieces:
            raise InputError(
                f"{self._origin} has no files with texts: give {known_suffixes()}, or a folder with one folder a class"
            )
        tables = [piece for piece in pieces if not piece.is_lines]
        if not tables and len(pieces) > 1:
            return self._class_files(pieces)
        if tables and len(tables) < len(pieces):
            self._say_not_read(piece.path for piece in pieces if piece.is_lines)
            pieces = tables
        if len(pieces) == 1:
            return pieces[0].read()
        if are_shards([piece.path.name for piece in pieces]):
            return joined_shards([piece.read() for piece in pieces], self._origin)
        whole = [piece for piece in pieces if part is not None and part_of(piece.path.name.partition(".")[0]) is part]
        if len(whole) == 1:
            self._say_not_read(piece.path for piece in pieces if piece is not whole[0])
            return whole[0].read()
        return self._similar([piece.path for piece in pieces], [piece.read() for piece in pieces])

    def _similar(self, paths: Sequence[Path], tables: Sequence[RawTable]) -> RawTable:
        """The rows of tables with the same columns, called like their classes where no column is a label."""
        if tables and all(set(table.columns) == set(tables[0].columns) for table in tables):
            if self._requested.label is not None or _share_labels(tables):
                self._notes.append(f"{self._origin}: the rows of {listed(path.name for path in paths)} together")
                return joined(tables, self._origin)
            if names := class_names(paths):
                return self._classes(paths, names, tables)
        files = listed((path.relative_to(self._root).as_posix() for path in paths), 6)
        raise InputError(
            f"{self._origin} has the files {files}, whose names and columns do not say how they belong together: give one "
            "of them with `data`, or call them train, valid and test"
        )

    def _class_files(self, pieces: Sequence[_Piece]) -> RawTable:
        """One file a class, one text a line."""
        paths = [piece.path for piece in pieces]
        names = class_names(paths)
        if not names:
            return self._similar(paths, ())
        tables: list[RawTable] = []
        for path in paths:
            lines, encoding, notes = self._lines(path)
            cells: list[object] = [line for line in lines if line.strip()]
            tables.append(
                RawTable({"text": cells}, self._name(path), notes, format="one file a class", encoding=encoding)
            )
        return self._classes(paths, names, tables)

    def _classes(self, paths: Sequence[Path], names: Sequence[str], tables: Sequence[RawTable]) -> RawTable:
        said = (f"{shown(name)} from {self._name(path)}" for name, path in zip(names, paths, strict=True))
        self._notes.append(f"{self._origin}: one file a class: {', '.join(said)}")
        labelled = (with_constant(table, "label", name)[0] for table, name in zip(tables, names, strict=True))
        return joined([*labelled], self._origin)

    def _partitions(self, folders: Sequence[Path]) -> RawTable:
        """Folders such as `label=pos`, as Spark writes them: a column and its value."""
        tables = []
        for folder in folders:
            name, _, value = folder.name.partition("=")
            tables.append(with_constant(self._table(entries_of(folder)), name, unquote(value))[0])
        self._notes.append(
            f"{self._origin}: columns from the names of folders: {listed(folder.name for folder in folders)}"
        )
        return joined(tables, self._origin)

    def _saved(self, state: Path) -> RawTable:
        """What `save_to_disk` of the Hugging Face library leaves: Arrow files, and what their columns are."""
        try:
            names = [Path(file["filename"]).name for file in json.loads(state.read_bytes())["_data_files"]]
            info = state.with_name("dataset_info.json").read_bytes()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self._name(state)} is not what `save_to_disk` writes ({shown(str(error))}): save the data set again"
            ) from error
        features = features_of({b"huggingface": b'{"info": ' + info + b"}"})
        tables = [read_arrow(path, origin=self._name(path), features=features) for path in map(state.with_name, names)]
        return replace(joined(tables, self._origin), format="Arrow")


def _is_part(folder: Path, folders: Sequence[Path]) -> bool:
    """Whether a folder is a part of a split; a class may be called train, too, beside a class plane."""
    entries = entries_of(folder)
    others = {part_in(other.name) for other in folders} - {None}
    return (
        bool(entries)
        and part_in(folder.name) is not None
        and (len(others) > 1 or len(folders) == 1 or any(entry.is_dir() for entry in entries) or _holds_tables(folder))
    )


def _holds_tables(folder: Path) -> bool:
    """Whether the files of a folder are tables rather than texts, by their names."""
    files = [entry for entry in entries_of(folder) if entry.is_file() and not is_no_data(entry.name)]
    return bool(files) and all(has_table_ending(file) for file in files)


def _is_lines(file: DataFile) -> bool:
    """Whether a file is a text a line, as far as its name and first lines tell, and no table."""
    reader = reader_of(file)
    if (reader is not None and (reader.name != "CSV" or file.suffix == ".csv")) or b"\x00" in file.head:
        return False
    lines = file.head.decode("latin-1").split("\n", 2)[:2]
    cells = re.split(r"[,;|\t]", lines[0])
    return not (len(cells) > 1 and any(map(is_known_name, cells))) and not all("\t" in line for line in lines)


def _is_empty_shard(path: Path) -> bool:
    """Whether a file with a number in its name is empty, as Spark leaves them."""
    return re.search(r"\d", path.name) is not None and path.stat().st_size == 0


def _is_table(file: DataFile) -> bool:
    """Whether a file of a folder is one to read; bytes that look like a table by chance are none."""
    reader = reader_of(file)
    is_binary = b"\x00" in file.head and not file.head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return reader is not None and (not is_binary or reader.proves(file.head) or file.suffix in reader.suffixes)


def _share_labels(tables: Sequence[RawTable]) -> bool:
    """Whether tables with the same columns have one that is called a label, or whose few values recur in all of them."""
    if preferred([*tables[0].columns], LABEL_NAMES):
        return True
    for name, cells in tables[0].columns.items():
        labels = [set(map(label_of, table.columns[name])) - {None} for table in tables]
        if 2 * len(labels[0]) <= len(cells) and len(set.intersection(*labels)) > 1:
            return True
    return False


def _of_one_format(pieces: list[_Piece]) -> list[_Piece]:
    """The pieces of one format, where that has all parts: data sets come in several formats at once."""
    parts: defaultdict[str, set[Split | None]] = defaultdict(set)
    for piece in pieces:
        if has_table_ending(piece.path):
            parts[piece.path.suffix.lower()].add(part_in(piece.path.name))
    every = {part_in(piece.path.name) for piece in pieces}
    best = next((suffix for suffix, found in parts.items() if found == every), None)
    return pieces if best is None else [piece for piece in pieces if piece.path.suffix.lower() == best]
