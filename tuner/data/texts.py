"""Many texts in one buffer: no Python object for each of them, and as good from a mapped file as from memory."""

from collections.abc import Iterator, Sequence
from operator import index
from pathlib import Path
from typing import Any, Final, Self, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_PIECE: Final = 10_000  # texts that are Python strings at a time


class Texts(Sequence[str]):
    """A sequence of strings, of which each is made where it is asked for."""

    def __init__(self, array: Any, rows: NDArray[np.int64] | None = None) -> None:
        """Keeps an array of Arrow's large strings, and which rows of it these are: None for all. Copies nothing."""
        self._array = array
        self._rows = rows

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Texts":
        """The same texts in one buffer; nothing is done where they are in one already.

        Raises:
            UnicodeEncodeError: where a text holds half of a surrogate pair.
        """
        if isinstance(texts, Texts):
            return texts
        # Arrow's own builder takes up to twice the memory while it grows.
        offsets = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(text if text.isascii() else text.encode()) for text in texts], out=offsets[1:])
        data = np.empty(offsets[-1], np.uint8)
        for start in range(0, len(texts), _PIECE):
            piece = "".join(texts[start : start + _PIECE]).encode()
            data[offsets[start] : offsets[start] + len(piece)] = np.frombuffer(piece, np.uint8)
        return cls(pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(data)))

    def __len__(self) -> int:
        """Number of texts."""
        return len(self._array) if self._rows is None else len(self._rows)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> "Texts": ...
    def __getitem__(self, place: int | slice) -> "str | Texts":
        """One text, or those of a slice."""
        if isinstance(place, slice):
            return self.take(np.arange(len(self))[place])
        row = index(place) if self._rows is None else int(self._rows[place])
        text: str = self._array[row].as_py()
        return text

    def __iter__(self) -> Iterator[str]:
        """The texts in their order."""
        for start in range(0, len(self), _PIECE):
            yield from self.strings(start, start + _PIECE)

    def __eq__(self, other: object) -> bool:
        """Whether the other sequence holds the same texts."""
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # equal to tuples, whose hash it cannot have

    def take(self, rows: NDArray[np.int64]) -> Self:
        """The texts of these rows, in their order. Copies no text."""
        return type(self)(self._array, rows if self._rows is None else self._rows[rows])

    def strings(self, start: int, end: int) -> list[str]:
        """The texts from ``start`` up to ``end`` as Python's."""
        strings: list[str] = self._piece(start, end).to_pylist()
        return strings

    def encoded(self, start: int, end: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The texts from ``start`` up to ``end`` in UTF-8, one after the other; where each begins, and the end."""
        piece = self._piece(start, end)
        offsets = _offsets(piece)
        return np.frombuffer(_content(piece), np.uint8), offsets - offsets[0]

    def sizes(self) -> NDArray[np.int64]:
        """int64 [texts], bytes of each text in UTF-8."""
        sizes = np.diff(_offsets(self._array))
        return sizes if self._rows is None else sizes[self._rows]

    def content(self) -> memoryview:
        """The bytes of all texts, one after the other."""
        return _content(self._piece(0, len(self)))

    def save(self, path: Path) -> None:
        """Writes a file that ``open`` maps."""
        batch = pa.record_batch([self._piece(0, len(self))], ["text"])
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The texts of a file that ``save`` wrote, which take memory only where they are looked at.

        Raises:
            OSError: there is no such file, or it is damaged.
            ValueError: it is another file.
        """
        return cls(pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0).column(0))

    def _piece(self, start: int, end: int) -> Any:
        return self._array[start:end] if self._rows is None else self._array.take(pa.array(self._rows[start:end]))


def _offsets(array: Any) -> NDArray[np.int64]:
    """int64 [texts + 1], where each text begins in the buffer of the array, and the end."""
    offsets = array.buffers()[1]
    if offsets is None or not offsets.size:  # Arrow needs none for an array without texts
        return np.zeros(1, np.int64)
    return np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]


def _content(array: Any) -> memoryview:
    first, last = _offsets(array)[[0, -1]].tolist()
    data = array.buffers()[2]
    return memoryview(b"" if data is None else data)[first:last]
