"""The formats of data files: how each is recognized, and what reads it.

The command line lists them in its help, so nothing heavy is imported before a file is read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from tuner.data.reading.compression import (
    COMPRESSIONS,
    DAMAGED,
    OFFICE_DOCUMENT,
    ZIP,
    Compression,
    compression_of,
    copy_bounded,
    only_member,
)
from tuner.errors import InputError
from tuner.formatting import shown

if TYPE_CHECKING:
    from tuner.data.reading.charset import Decoded, TextDecoder
    from tuner.data.reading.raw_table import RawTable

_HEAD = 2**16  # bytes that a file is recognized by


@dataclass(frozen=True)
class DataFile:
    """A file of labelled texts.

    Attributes:
        path: where it lies.
        origin: its name in messages.
        requested: column names that the user gave.
        decoder: decodes it where it is text.
    """

    path: Path
    origin: str
    requested: Sequence[str] = ()
    decoder: TextDecoder | None = None

    @cached_property
    def compression(self) -> Compression | None:
        """How the file is compressed, None where it is not."""
        with self._unpacking():
            return compression_of(self.path)

    @property
    def suffix(self) -> str:
        """The ending of the name in lower case, that of the file within where it is compressed."""
        if self.compression is ZIP:
            return Path(only_member(self.path) or "").suffix.lower()
        path = self.path
        if self.compression is not None and path.suffix.lower() == self.compression.suffix:
            path = path.with_suffix("")
        return path.suffix.lower()

    @cached_property
    def head(self) -> bytes:
        """The first bytes, unpacked."""
        with self._unpacking(), self._opened() as file:
            return file.read(_HEAD).removeprefix(b"\xef\xbb\xbf")

    def content(self) -> bytes:
        """All bytes, unpacked."""
        content = io.BytesIO()
        with self._unpacking(), self._opened() as file:
            if self.compression is None:
                return file.read()
            copy_bounded(file, content, self.origin)
        return content.getvalue()

    def source(self) -> Path | BinaryIO:
        """What reads parts of the file at will: its path, or its content where it is compressed."""
        return self.path if self.compression is None else io.BytesIO(self.content())

    def decoded(self) -> Decoded:
        """What it says where it is text."""
        from tuner.data.reading.charset import TextDecoder

        return (self.decoder or TextDecoder()).decode(self.content(), name=self.origin)

    def _opened(self) -> IO[bytes]:
        return self.path.open("rb") if self.compression is None else self.compression.open(self.path)

    @contextmanager
    def _unpacking(self) -> Iterator[None]:
        try:
            yield
        except DAMAGED as error:
            reason = shown(getattr(error, "strerror", None) or str(error))
            raise InputError(f"{self.origin} cannot be read ({reason}): check the file and its permissions") from error


@dataclass(frozen=True)
class Reader:
    """A format of data files.

    Attributes:
        name: in messages.
        suffixes: endings of the names of such files; each may have that of a compression behind it.
        proves: whether a file that begins with these bytes is of this format whatever its name ends in.
        suggests: whether a file without a known ending that begins with these bytes is of this format.
        read: returns the columns of a file; raises InputError where it is not of this format.
    """

    name: str
    suffixes: tuple[str, ...]
    proves: Callable[[bytes], bool]
    suggests: Callable[[bytes], bool]
    read: Callable[[DataFile], RawTable]


def _read_delimited(file: DataFile, *, delimiter: str | None = None) -> RawTable:
    from tuner.data.reading.delimited import read_delimited

    decoded = file.decoded()
    table = read_delimited(decoded.content, origin=file.origin, delimiter=delimiter, asked=file.requested)
    return _with_encoding(table, decoded)


def _read_json(file: DataFile) -> RawTable:
    from tuner.data.reading.json_files import read_json

    return _read_text(file, read_json)


def _read_fasttext(file: DataFile) -> RawTable:
    from tuner.data.reading.labelled_lines import read_fasttext

    return _read_text(file, read_fasttext)


def _read_questions(file: DataFile) -> RawTable:
    from tuner.data.reading.labelled_lines import read_questions

    return _read_text(file, read_questions)


def _read_text(file: DataFile, parse: Callable[..., RawTable]) -> RawTable:
    decoded = file.decoded()
    return _with_encoding(parse(decoded.text, origin=file.origin), decoded)


def _with_encoding(table: RawTable, decoded: Decoded) -> RawTable:
    return replace(table, encoding=decoded.encoding, notes=(*decoded.notes(table.origin), *table.notes))


def _read_parquet(file: DataFile) -> RawTable:
    from tuner.data.reading.arrow_files import read_parquet

    return read_parquet(file.source(), origin=file.origin)


def _read_arrow(file: DataFile) -> RawTable:
    from tuner.data.reading.arrow_files import read_arrow

    return read_arrow(file.source(), origin=file.origin)


def _read_spreadsheet(file: DataFile) -> RawTable:
    from tuner.data.reading.spreadsheets import read_spreadsheet

    return read_spreadsheet(file.content(), origin=file.origin, asked=file.requested)


def _never(_head: bytes) -> bool:
    return False


def _begins(*patterns: bytes) -> Callable[[bytes], bool]:
    pattern = re.compile(b"|".join(patterns), re.DOTALL)
    return lambda head: pattern.match(head) is not None


def _divides_two_lines(delimiters: bytes, head: bytes) -> bool:
    """Whether the first two lines hold the same one of the delimiters."""
    lines = head.split(b"\n", 2)[:2]
    return len(lines) == 2 and any(all(delimiter in line for line in lines) for delimiter in delimiters)


_QUESTION = re.compile(rb"[A-Za-z]\w*:\w+ +\S")


def _whole_lines(head: bytes) -> list[bytes]:
    lines = head.split(b"\n")
    return [line for line in (lines[:-1] if len(head) >= _HEAD else lines) if line.strip()]


def _are_fasttext(head: bytes) -> bool:
    """Whether the first line and most others begin with a label."""
    lines = _whole_lines(head)
    labelled = sum(line.lstrip().startswith(b"__label__") for line in lines)
    return bool(lines) and lines[0].lstrip().startswith(b"__label__") and labelled * 2 > len(lines)


def _are_questions(head: bytes) -> bool:
    """Whether every line begins with COARSE:fine, and there are some, few, coarse labels."""
    lines = _whole_lines(head)
    if not all(map(_QUESTION.match, lines)):
        return False
    coarse = {line.partition(b":")[0] for line in lines}
    return 1 < len(coarse) <= max(2, len(lines) // 3)


_json_object = _begins(rb'\s*(\[\s*)?\{\s*"')
READERS = (
    Reader("CSV", (".csv", ".txt"), _never, partial(_divides_two_lines, b",;|"), _read_delimited),
    Reader(
        "TSV", (".tsv", ".tab"), _never, partial(_divides_two_lines, b"\t"), partial(_read_delimited, delimiter="\t")
    ),
    Reader("JSONL", (".jsonl", ".ndjson"), _never, _never, _read_json),
    Reader("JSON", (".json",), _json_object, _begins(rb"\s*[\[{]"), _read_json),
    Reader("TREC", (".label",), _are_questions, _never, _read_questions),
    Reader("fastText", (".ft",), _are_fasttext, _never, _read_fasttext),
    Reader(
        "Excel",
        (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
        _begins(OFFICE_DOCUMENT.pattern, rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        _never,
        _read_spreadsheet,
    ),
    Reader(
        "Arrow", (".arrow", ".feather", ".ipc"), _begins(b"ARROW1", b"FEA1", rb"\xff{4}..\x00\x00"), _never, _read_arrow
    ),
    Reader("Parquet", (".parquet", ".pq"), _begins(b"PAR1"), _never, _read_parquet),
)
"""The less a format's first bytes prove, the earlier it comes: content is compared with the last one first."""


def reader_of(file: DataFile) -> Reader | None:
    """The reader of a file by what its content proves, else by its ending, else by what its content suggests; else None."""
    by_suffix = next((reader for reader in READERS if file.suffix in reader.suffixes), None)
    content_first = tuple(reversed(READERS))
    proved = next((reader for reader in content_first if reader.proves(file.head)), None)
    if proved is not None and (by_suffix is None or by_suffix.read is not proved.read):
        return proved
    return by_suffix or next((reader for reader in content_first if reader.suggests(file.head)), None)


def read_table(file: DataFile, *, may_be_empty: bool = False) -> RawTable:
    """The columns of a file of any format.

    Args:
        file: to read.
        may_be_empty: whether columns without rows will do, as one shard of many may have them.

    Raises:
        InputError: where the format is unknown, or the file is not of its format, damaged, or without rows.
    """
    reader = reader_of(file)
    if reader is None:
        raise InputError(f"{file.origin} has the unknown ending {shown(file.suffix)}: give {known_suffixes()}")
    table = reader.read(file)
    if not may_be_empty and not any(table.columns.values()):
        raise InputError(f"{file.origin} has no rows: give a file with labelled texts")
    return table if table.format else replace(table, format=reader.name)


def known_formats() -> str:
    """The formats by name: "CSV, TSV, JSONL or Parquet"."""
    *others, last = (reader.name for reader in READERS)
    return f"{', '.join(others)} or {last}"


def known_suffixes() -> str:
    """What a file's name may end in, for messages."""
    compressed = ", ".join(compression.suffix for compression in COMPRESSIONS)
    return f"{', '.join(suffix for reader in READERS for suffix in reader.suffixes)} (each also as {compressed})"


def without_endings(name: str) -> str:
    """A file's name without the endings of its format and its compression."""
    endings = (
        *(one.suffix for one in COMPRESSIONS),
        *(suffix for reader in READERS for suffix in reader.suffixes),
        ".tar",
    )
    while (suffix := Path(name).suffix) and suffix.lower() in endings:
        name = name.removesuffix(suffix)
    return name


def has_table_ending(path: Path) -> bool:
    """Whether a file's name says that it is a table; a text file may be one text."""
    inner = path.with_suffix("") if any(path.suffix.lower() == one.suffix for one in COMPRESSIONS) else path
    return inner.suffix.lower() != ".txt" and any(inner.suffix.lower() in reader.suffixes for reader in READERS)
