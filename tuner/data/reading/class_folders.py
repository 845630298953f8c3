"""Folders with one folder for each class and one file for each text."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tuner.data.reading.charset import TextDecoder
from tuner.data.reading.raw_table import RawTable
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown

_UNLABELLED = {"unsup", "unlabeled", "unlabelled"}


def read_class_folders(folders: Sequence[Path], *, origin: str, decoder: TextDecoder) -> RawTable:
    """Returns columns text and label of folders that are called like their classes.

    Where a class folder has .txt files only these are read, else all files; hidden files never.

    Raises:
        InputError: where there are no texts, or a file is no text.
    """
    notes: list[str] = []
    left_out: Counter[str] = Counter()
    columns: dict[str, list[object]] = {"text": [], "label": []}
    sources: list[tuple[str, int]] = []
    for folder in folders:
        if folder.name.lower() in _UNLABELLED:
            count = sum(child.is_file() for child in folder.iterdir())
            left_out["without label"] += count
            name = shown(f"{folder.parent.name}/{folder.name}")
            notes.append(f"{origin}: folder {name} left out, it has no labels ({counted(count, 'file')})")
            continue
        texts, names = _texts(folder, decoder, notes)
        sources += [(name, 1) for name in names]
        columns["text"] += texts
        columns["label"] += [folder.name] * len(texts)
    if not columns["text"]:
        raise InputError(f"{origin} has no class folders with texts; one folder a class is needed")
    return RawTable(
        columns, origin, tuple(notes), format="class folders", left_out=dict(left_out), sources=tuple(sources)
    )


def _texts(folder: Path, decoder: TextDecoder, notes: list[str]) -> tuple[list[str], list[str]]:
    """The texts of a folder and the names of their files."""
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
        decoded = decoder.decode(raw, name=shown(f"{folder.name}/{file.name}")) if raw.strip(b"\xef\xbb\xbf") else None
        texts.append(
            decoded.text if decoded else ""
        )  # blank texts are left out, and counted, with the other blank rows
        if decoded and decoded.notes(""):
            encodings[decoded.encoding] = encodings.get(decoded.encoding, 0) + 1
    for encoding, count in sorted(encodings.items()):
        notes.append(f"{shown(folder.name)}: {counted(count, 'file')} read as {encoding}")
    return texts, [f"{folder.name}/{file.name}" for file in chosen]
