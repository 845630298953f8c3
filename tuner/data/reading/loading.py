"""From what the user calls the data to labelled texts, read from here or from object storage."""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tuner.data.named_sets import NAMED_SETS, read_named
from tuner.data.reading.cleaning import dataset_of
from tuner.data.reading.columns import FIND_ALL, Columns
from tuner.data.reading.formats import DataFile, known_suffixes, reader_of
from tuner.data.reading.raw_table import RawTable
from tuner.data.reading.readers import read_class_folders
from tuner.data.text_dataset import TextDataset
from tuner.errors import InputError
from tuner.formatting import shown

SCHEMES = ("s3://", "gs://")


@contextmanager
def brought_here(url: str) -> Iterator[Path]:
    """A copy of the file or folder under `url`, with its own name; it goes when the context ends.

    Options of pyarrow's file systems may follow a question mark. Raises InputError where there is nothing, or the storage does
    not answer.
    """
    from pyarrow import fs

    with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as folder:
        try:
            storage, path = fs.FileSystem.from_uri(url)
            found = storage.get_file_info(path.rstrip("/"))
            target = Path(folder) / found.base_name
            if found.type == fs.FileType.NotFound:
                raise InputError("there is nothing; check bucket and path", option="data", value=url)
            if found.type == fs.FileType.Directory:
                target.mkdir()
            fs.copy_files(
                found.path, str(target), source_filesystem=storage, destination_filesystem=fs.LocalFileSystem()
            )
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"cannot be read ({reason[:200]}); check the URL, the credentials and the network",
                option="data",
                value=url,
            ) from None
        yield target


_FORMATS = f"{known_suffixes()}, or a folder with one folder a class"


def load_dataset(data: str, columns: Columns = FIND_ALL, *, data_dir: Path) -> TextDataset:
    """Return the labelled texts that `data` names: a file, a folder, or a named data set.

    data: a path to CSV, TSV, JSON Lines, Parquet or a folder of class folders, the s3:// or gs:// URL of such, or "imdb",
    "airline", "trec". A path that exists wins over a name. columns: what is not given is found, and the notes say what
    was found. data_dir: where named sets are looked for, and downloaded to.
    Raises InputError where nothing is found under `data`, and for every fault of the data.
    """
    path = _existing(data)
    if data.startswith(SCHEMES):
        with brought_here(data) as copy:
            table, name = _read_path(copy, columns), _stem(copy)
    elif path is not None:
        table = _read_path(path, columns)
        name = _stem(path)
    elif data in NAMED_SETS:
        table = read_named(NAMED_SETS[data], data_dir)
        name = data
    else:
        known = ", ".join(NAMED_SETS)
        raise InputError(f"no data under {shown(data, 200)}: give a path to {_FORMATS}, or one of the names {known}")
    return dataset_of(table, columns, name=name)


def _existing(data: str) -> Path | None:
    try:
        path = Path(data).expanduser()
        return path if data and path.exists() else None
    except (OSError, ValueError, RuntimeError):  # a name too long, with a NUL, or of a user without a home
        return None


def _stem(path: Path) -> str:
    name = path.resolve().name
    return name if path.is_dir() else name.removesuffix(".gz").rsplit(".", 1)[0] or name


def _read_path(path: Path, columns: Columns) -> RawTable:
    origin = shown(path.name or str(path), 120)
    file = DataFile(path, origin, tuple(columns.named().values()))
    try:
        if path.is_dir():
            return replace(read_class_folders(path, origin=origin), format="class folders")
        reader = reader_of(file)
        if reader is None:
            raise InputError(f"{origin} has the unknown ending {shown(file.suffix)}: give {_FORMATS}")
        return replace(reader.read(file), format=reader.name)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{origin} cannot be read ({shown(reason)}): check the file and its permissions") from error
