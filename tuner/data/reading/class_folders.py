"""A folder with one folder a class, and a file a text, to columns."""

from pathlib import Path

from tuner.data.reading.cells import part_of
from tuner.data.reading.charset import decode
from tuner.data.reading.raw_table import RawTable
from tuner.data.text_dataset import Split
from tuner.data.wording import counted, listed, shown
from tuner.errors import InputError

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
