"""From what the user calls the data to labelled texts."""

import gzip
import zlib
from pathlib import Path

from tuner.data.named_sets.named import NAMED_SETS, read_named
from tuner.data.reading.charset import decode
from tuner.data.reading.class_folders import read_class_folders
from tuner.data.reading.cleaning import dataset_of
from tuner.data.reading.delimited import read_delimited
from tuner.data.reading.jsonl import read_jsonl
from tuner.data.reading.object_storage import SCHEMES, brought_here
from tuner.data.reading.raw_table import RawTable
from tuner.data.reading.tables import read_parquet
from tuner.data.text_dataset import TextDataset
from tuner.data.wording import shown
from tuner.errors import InputError

_FORMATS = ".csv, .tsv, .txt, .jsonl, .ndjson (each also as .gz), .parquet, or a folder with one folder a class"


def load_dataset(
    data: str,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    data_dir: Path,
) -> TextDataset:
    """Return the labelled texts that `data` names: a file, a folder, or a named data set.

    data: a path to CSV, TSV, JSON Lines, Parquet or a folder of class folders, the s3:// or gs:// URL of such, or "imdb",
    "airline", "trec". A path that exists wins over a name. text_column, label_column, split_column: column names; what
    is None is found, and the notes say what was found. data_dir: where named sets are looked for, and downloaded to.
    Raises InputError where nothing is found under `data`, and for every fault of the data.
    """
    asked = [name for name in (text_column, label_column, split_column) if name is not None]
    path = _existing(data)
    if data.startswith(SCHEMES):
        with brought_here(data) as copy:
            table, name = _read_path(copy, asked), _stem(copy)
    elif path is not None:
        table = _read_path(path, asked)
        name = _stem(path)
    elif data in NAMED_SETS:
        table = read_named(NAMED_SETS[data], data_dir)
        name = data
    else:
        known = ", ".join(NAMED_SETS)
        raise InputError(f"no data under {shown(data, 200)}: give a path to {_FORMATS}, or one of the names {known}")
    return dataset_of(table, name=name, text_column=text_column, label_column=label_column, split_column=split_column)


def _existing(data: str) -> Path | None:
    try:
        path = Path(data).expanduser()
        return path if data and path.exists() else None
    except (OSError, ValueError, RuntimeError):  # a name too long, with a NUL, or of a user without a home
        return None


def _stem(path: Path) -> str:
    name = path.resolve().name
    return name if path.is_dir() else name.removesuffix(".gz").rsplit(".", 1)[0] or name


def _read_path(path: Path, asked: list[str]) -> RawTable:
    origin = shown(path.name or str(path), 120)
    try:
        if path.is_dir():
            return read_class_folders(path, origin=origin)
        suffixes = [suffix.lower() for suffix in path.suffixes]
        zipped = suffixes[-1:] == [".gz"]
        kind = (suffixes[-2:-1] if zipped else suffixes[-1:]) or [""]
        if kind[0] in (".parquet", ".pq"):
            return read_parquet(path, origin=origin)
        if kind[0] not in (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson"):
            raise InputError(f"{origin} has the unknown ending {shown(kind[0])}: give {_FORMATS}")
        raw = path.read_bytes()
        if zipped:
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{origin} cannot be read ({shown(reason)}): check the file and its permissions") from error
    decoded = decode(raw, name=origin)
    if kind[0] in (".jsonl", ".ndjson"):
        table = read_jsonl(decoded.text, origin=origin)
    else:
        delimiter = "\t" if kind[0] in (".tsv", ".tab") else None
        table = read_delimited(decoded.text, origin=origin, delimiter=delimiter, asked=asked)
    note = decoded.note(origin)
    return RawTable(table.columns, origin, (note, *table.notes) if note else table.notes)
