"""Where the texts to classify come from: arguments, the lines of a file, or standard input."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from tuner.errors import InputError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class TextSource:
    """Texts, and how many they are where that is known beforehand."""

    texts: Iterator[str]
    count: int | None


def text_source(texts: tuple[str, ...], file: Path | None) -> TextSource:
    """The texts that the user means.

    A file is read twice: first to see that all of it is text, before any answer is printed.

    Raises:
        InputError: where there is no text, or a line is not UTF-8.
    """
    if texts:
        return TextSource(iter(texts), len(texts))
    if file is not None:
        count = sum(1 for _ in _lines_of(file))
        if not count:
            raise InputError(f"--file {file}: is empty; give a file with a text a line")
        return TextSource(_lines_of(file), count)
    if sys.stdin.isatty():
        raise InputError("there is nothing to classify: give texts, --file F, or pipe lines into standard input")
    lines = _decoded(sys.stdin.buffer, "standard input")
    first = next(lines, None)
    if first is None:
        raise InputError("standard input is empty: give texts, --file F, or pipe lines into it")
    return TextSource(chain([first], lines), None)


def _lines_of(file: Path) -> Iterator[str]:
    try:
        with file.open("rb") as stream:
            yield from _decoded(stream, f"--file {file}")
    except OSError as error:
        raise InputError(f"--file {file}: cannot be read ({error.strerror or error}); give a file of texts") from None


def _decoded(stream: BinaryIO, name: str) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        try:
            yield text.rstrip(b"\r\n").decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}: line {number} is not UTF-8 (byte {text[error.start]:#04x}); convert it, "
                "for instance with iconv -t UTF-8"
            ) from None
