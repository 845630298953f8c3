"""Readers of Parquet files, JSON Lines, and folders with one folder for each class."""

import json
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tuner.data.reading.charset import decode
from tuner.data.reading.raw_table import RawTable, part_of, unique_names
from tuner.data.text_dataset import Split
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown


def read_parquet(source: Path | BinaryIO, *, origin: str) -> RawTable:
    """Return the columns of a Parquet file, cells as Python values, bytes as text where they are UTF-8.

    Raises InputError where the file cannot be read as Parquet or has no rows.
    """
    try:
        with pq.ParquetFile(source) as file:
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


_UNLABELLED = {"unsup", "unlabeled", "unlabelled"}


def read_class_folders(folder: Path, *, origin: str) -> RawTable:
    """Return columns text, label and, where the classes lie under train/, test/ and validation/, split.

    A class is called like its folder. Where a class folder has .txt files only these are read, else all files; hidden
    files never. Raises InputError where there are no class folders, or a file is no text.
    """
    parts = {child: part_of(child.name) for child in _folders(folder)}
    given: dict[Path, Split] = {child: part for child, part in parts.items() if part is not None and _folders(child)}
    notes: list[str] = []
    columns: dict[str, list[object]] = {"text": [], "label": []}
    if given:
        columns["split"] = []
        if left := [child.name for child in parts if child not in given]:
            notes.append(f"{origin}: not read, beside the folders of the split: {listed(left)}")
    for parent in list(given) or [folder]:
        for child in _folders(parent):
            if child.name.lower() in _UNLABELLED:
                notes.append(f"{origin}: folder {shown(f'{parent.name}/{child.name}')} left out, it has no labels")
                continue
            texts = _texts(child, notes)
            columns["text"] += texts
            columns["label"] += [child.name] * len(texts)
            if given:
                columns["split"] += [given[parent].name.lower()] * len(texts)
    if not columns["text"]:
        files = sorted(child.name for child in folder.iterdir() if child.is_file())
        found = f"it has the files {listed(files, 4)}: give one of them" if files else "one folder a class is needed"
        raise InputError(f"{origin} has no class folders with texts; {found}")
    return RawTable(columns, origin, tuple(notes))


def _folders(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))


def _texts(folder: Path, notes: list[str]) -> list[str]:
    every = sorted(child for child in folder.iterdir() if not child.name.startswith("."))
    files = [child for child in every if child.is_file()]
    chosen = [file for file in files if file.suffix.lower() == ".txt"] or files
    if len(chosen) < len(every):
        rest = [child.name for child in every if child not in set(chosen)]
        notes.append(f"{shown(folder.name)}: not read: {listed(rest, 4)}")
    texts: list[str] = []
    encodings: dict[str, int] = {}
    for file in chosen:
        raw = file.read_bytes()
        decoded = decode(raw, name=shown(f"{folder.name}/{file.name}")) if raw.strip(b"\xef\xbb\xbf") else None
        texts.append(
            decoded.text if decoded else ""
        )  # blank texts are left out, and counted, with the other blank rows
        if decoded and decoded.note(""):
            encodings[decoded.encoding] = encodings.get(decoded.encoding, 0) + 1
    for encoding, count in sorted(encodings.items()):
        notes.append(f"{shown(folder.name)}: {counted(count, 'file')} read as {encoding}")
    return texts
