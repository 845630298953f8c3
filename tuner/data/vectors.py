"""Pretrained word vectors: read from GloVe or word2vec files, and aligned to a vocabulary, one row per id.

Only the vectors of the words that are wanted are kept, so that a file of gigabytes is read in little memory.
"""

import gzip
import hashlib
import io
import re
import shlex
import zipfile
import zlib
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from tuner.data.vocabulary import FIRST_WORD_ID, Vocabulary
from tuner.errors import InputError
from tuner.formatting import listed

_HEADER: Final = re.compile(rb"(\d+) (\d+)\s*")
_CHUNK: Final = 1 << 20
_LONGEST_LINE: Final = 1 << 20  # a vector of 50,000 numbers: what is longer is no text


@dataclass(frozen=True, eq=False)
class VectorFile:
    """What was found in a file.

    Attributes:
        width: numbers in a vector.
        vectors: float32 [width] by word, for the words that were wanted.
    """

    width: int
    vectors: dict[str, NDArray[np.float32]]


def read_vector_file(path: Path, wanted: Container[str]) -> VectorFile:
    """The vectors of the wanted words. Which of the forms a file has is found from its first lines.

    Args:
        wanted: words.

    Raises:
        InputError: where it cannot be read, is empty or truncated, holds vectors of several widths or something else, or is an
            archive with several files.
    """
    try:
        with _opened(path) as handle:
            return _read(path, handle, wanted)
    except (NotImplementedError, RuntimeError) as error:  # a way of packing that Python does not know, or a password
        raise InputError(f"{path}: cannot be unpacked ({error}); unpack it and give the file of vectors") from None
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        # A packed file that ends early raises EOFError, a damaged one an OSError without a number or an error of its kind.
        if isinstance(error, OSError) and error.errno is not None:
            raise InputError(f"{path}: cannot be read ({error.strerror}); give a file of word vectors") from None
        raise InputError(f"{path}: is damaged or cut short; download it again") from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as plain:
        start = plain.read(4)
        plain.seek(0)
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(plain) as unpacked:
                yield cast("BinaryIO", unpacked)
        elif start == b"PK\x03\x04":
            with zipfile.ZipFile(plain) as archive, archive.open(_only_file(path, archive)) as member:
                yield cast("BinaryIO", member)
        else:
            yield plain


def _only_file(path: Path, archive: zipfile.ZipFile) -> str:
    """The file in an archive; what macOS adds beside it does not count."""
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if not names:
        raise InputError(f"{path}: is an archive without a file; download it again")
    if len(names) > 1:
        command = f"unzip {shlex.quote(str(path))} {shlex.quote(names[0])}"
        raise InputError(
            f"{path}: is an archive of {len(names)} files ({listed(names)}); unpack the one to use, for instance with "
            f"`{command}`, and give it"
        )
    return names[0]


def _read(path: Path, handle: BinaryIO, wanted: Container[str]) -> VectorFile:
    first = handle.readline(_LONGEST_LINE)
    if b"\0" in first:
        raise InputError(
            f"{path}: is no file of word vectors, but binary; give GloVe or word2vec vectors, unpacked if from tar"
        )
    header = _HEADER.fullmatch(first)
    if header is None:
        width = len(first.split()) - 1
        if width < 1 or not _is_number(first.split()[-1]):
            raise InputError(f"{path}: holds no word vectors; a line needs a word and its numbers, with blanks between")
        handle.seek(0)
        return VectorFile(width, _read_text(path, handle, wanted, width, first_line=1))
    count, width = int(header[1]), int(header[2])
    if width < 1:
        raise InputError(f"{path}: its first line says {width} numbers a word; give a file of word vectors")
    start = handle.tell()
    second = handle.readline(_LONGEST_LINE).split()
    handle.seek(start)
    if len(second) > width and all(map(_is_number, second[-width:])):
        return VectorFile(width, _read_text(path, handle, wanted, width, first_line=2, count=count))
    return VectorFile(width, _read_binary(path, handle, wanted, width, count))


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_text(
    path: Path, handle: BinaryIO, wanted: Container[str], width: int, *, first_line: int, count: int | None = None
) -> dict[str, NDArray[np.float32]]:
    vectors: dict[str, NDArray[np.float32]] = {}
    lines = 0
    for number, raw in enumerate(handle, start=first_line):
        line = raw.rstrip()
        if not line:
            continue
        lines += 1
        word, *numbers = line.split(b" ") if line.count(b" ") == width else _split(path, number, line, width)
        name = word.decode("utf-8", errors="replace")
        if name not in wanted or name in vectors:
            continue
        try:
            vectors[name] = np.array(numbers, np.float32)
        except ValueError:
            raise InputError(
                f"{path}: line {number} holds something else than numbers after the word {name!r}; restore the file"
            ) from None
    if count is not None and lines < count:
        raise InputError(f"{path}: ends after {lines:,} of {count:,} vectors; download it again")
    return vectors


def _split(path: Path, number: int, line: bytes, width: int) -> list[bytes]:
    """A line with more blanks than a vector has: a few words of large files have blanks in them."""
    parts = line.rsplit(b" ", width)
    if len(parts) <= width or _is_number(parts[0].rsplit(b" ", 1)[-1]):
        raise InputError(
            f"{path}: line {number} has {len(line.split()) - 1} numbers, those before it {width}; give a file of one width"
        )
    return parts


def _read_binary(
    path: Path, handle: BinaryIO, wanted: Container[str], width: int, count: int
) -> dict[str, NDArray[np.float32]]:
    vectors: dict[str, NDArray[np.float32]] = {}
    size, held, start = 4 * width, b"", 0
    for number in range(count):
        while (blank := held.find(b" ", start)) < 0 or len(held) < blank + 1 + size:
            more = handle.read(_CHUNK)
            if not more:
                raise InputError(f"{path}: ends after {number:,} of {count:,} vectors; download it again")
            held, start = held[start:] + more, 0
        # Some writers end a vector with a line feed, which then stands before the next word.
        name = held[start:blank].lstrip(b"\n").decode("utf-8", errors="replace")
        start = blank + 1 + size
        if name in wanted and name not in vectors:
            vectors[name] = np.frombuffer(held, "<f4", width, blank + 1).astype(np.float32)
    return vectors


FILE: Final = "vectors.npy"
"""What the table is called in an encoder folder."""


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Vectors for every id of a vocabulary.

    Attributes:
        table: float32 [ids, width].
        found: words of the vocabulary that the file has.
        type_coverage: share of the vocabulary's words that the file has.
        token_coverage: share of the running training words that the file has.
    """

    table: NDArray[np.float32]
    found: int
    type_coverage: float
    token_coverage: float

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the table."""
        return hashlib.sha256(np.ascontiguousarray(self.table).tobytes()).hexdigest()


def read_word_vectors(path: Path, vocabulary: Vocabulary, *, seed: int) -> WordVectors:
    """The vectors of a file for a vocabulary, matched letter by letter.

    Words without a vector, and the id of unknown words, get random ones, normally distributed with the mean and spread that the
    found ones have in each number; padding gets zeros.

    Args:
        path: GloVe text, word2vec text or binary, each also in gzip or alone in a ZIP archive.
        seed: decides the random vectors, non-negative.

    Raises:
        InputError: where the file is faulty or has none of the words.
    """
    ids = vocabulary.ids
    content = read_vector_file(path, ids)
    if not content.vectors:
        raise InputError(
            f"{path}: has none of the {len(vocabulary.words):,} words of the training texts, of which the most frequent is "
            f"{vocabulary.words[0]!r}; give vectors of their language, in lower case"
        )
    rows = np.array([ids[word] for word in content.vectors])
    known = np.stack(list(content.vectors.values()))
    if not np.isfinite(known).all():
        raise InputError(f"{path}: has vectors with infinite numbers or none (nan); give another file")
    generator = np.random.default_rng(seed)
    table = generator.normal(known.mean(0), known.std(0), (vocabulary.size, content.width)).astype(np.float32)
    table[rows] = known
    table[0] = 0.0
    running = sum(vocabulary.counts[row - FIRST_WORD_ID] for row in rows)
    return WordVectors(table, len(rows), len(rows) / len(vocabulary.words), running / vocabulary.total_tokens)


def save_vectors(folder: Path, table: NDArray[np.float32]) -> None:
    """Writes the table beside the vocabulary that its rows belong to."""
    np.save(folder / FILE, table, allow_pickle=False)


def load_vectors(folder: Path) -> NDArray[np.float32]:
    """Reads what ``save_vectors`` wrote.

    Raises:
        InputError: where it is missing or damaged.
    """
    path = folder / FILE
    try:
        table: NDArray[np.float32] = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        raise InputError(
            f"{path}: is missing or damaged, and the network reads these word vectors; restore it"
        ) from None
    return table
