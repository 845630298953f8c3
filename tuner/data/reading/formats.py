"""The formats of data files: how each is recognized, and what reads it.

The command line lists them in its help, so nothing heavy is imported before a file is read.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuner.data.reading.raw_table import RawTable

_HEAD = 2**16  # bytes that a file without a known ending is recognized by


@dataclass(frozen=True)
class DataFile:
    """A file of labelled texts.

    Attributes:
        path: where it lies.
        origin: its name in messages.
        requested: column names that the user gave.
    """

    path: Path
    origin: str
    requested: Sequence[str] = ()

    @property
    def is_zipped(self) -> bool:
        """Whether the name ends in .gz."""
        return self.path.suffix.lower() == ".gz"

    @property
    def suffix(self) -> str:
        """The ending of the name in lower case, that before .gz where there is one."""
        return (Path(self.path.stem) if self.is_zipped else self.path).suffix.lower()

    def content(self, size: int = -1) -> bytes:
        """Returns the first ``size`` bytes, by default all, unzipped."""
        with gzip.open(self.path) if self.is_zipped else self.path.open("rb") as file:
            return file.read(size)


@dataclass(frozen=True)
class Reader:
    """A format of data files.

    Attributes:
        name: in messages.
        suffixes: endings of the names of such files; each may have .gz behind it.
        recognizes: whether a file that begins with these bytes is of this format.
        read: returns the columns of a file; raises InputError where it is not of this format.
    """

    name: str
    suffixes: tuple[str, ...]
    recognizes: Callable[[bytes], bool]
    read: Callable[[DataFile], RawTable]


def _read_delimited(file: DataFile, *, delimiter: str | None = None) -> RawTable:
    from tuner.data.reading.delimited import read_delimited

    return _read_text(file, partial(read_delimited, delimiter=delimiter, asked=file.requested))


def _read_jsonl(file: DataFile) -> RawTable:
    from tuner.data.reading.readers import read_jsonl

    return _read_text(file, read_jsonl)


def _read_text(file: DataFile, parse: Callable[..., RawTable]) -> RawTable:
    from tuner.data.reading.charset import decode

    decoded = decode(file.content(), name=file.origin)
    table, note = parse(decoded.text, origin=file.origin), decoded.note(file.origin)
    return replace(table, encoding=decoded.encoding, notes=(note, *table.notes) if note else table.notes)


def _read_parquet(file: DataFile) -> RawTable:
    from tuner.data.reading.readers import read_parquet

    return read_parquet(io.BytesIO(file.content()) if file.is_zipped else file.path, origin=file.origin)


def _divides_two_lines(delimiters: bytes, head: bytes) -> bool:
    """Whether the first two lines hold the same one of the delimiters."""
    lines = head.split(b"\n", 2)[:2]
    return len(lines) == 2 and any(all(delimiter in line for line in lines) for delimiter in delimiters)


READERS = (
    Reader("CSV", (".csv", ".txt"), partial(_divides_two_lines, b",;"), _read_delimited),
    Reader("TSV", (".tsv", ".tab"), partial(_divides_two_lines, b"\t"), partial(_read_delimited, delimiter="\t")),
    Reader("JSONL", (".jsonl", ".ndjson"), lambda head: head.lstrip().startswith(b"{"), _read_jsonl),
    Reader("Parquet", (".parquet", ".pq"), lambda head: head.startswith(b"PAR1"), _read_parquet),
)
"""The less a format's first bytes prove, the earlier it comes: content is compared with the last one first."""


def reader_of(file: DataFile) -> Reader | None:
    """The reader of a file by the ending of its name, else by its content, None where neither is known."""
    for reader in READERS:
        if file.suffix in reader.suffixes:
            return reader
    head = file.content(_HEAD)
    return next((reader for reader in reversed(READERS) if reader.recognizes(head)), None)


def known_formats() -> str:
    """The formats by name: "CSV, TSV, JSONL or Parquet"."""
    *others, last = (reader.name for reader in READERS)
    return f"{', '.join(others)} or {last}"


def known_suffixes() -> str:
    """What a file's name may end in, for messages."""
    return f"{', '.join(suffix for reader in READERS for suffix in reader.suffixes)} (each also as .gz)"
