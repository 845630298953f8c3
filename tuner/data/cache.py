"""Keeps prepared data on disk, so that resuming, confirming and the next search of the same data start at once.

An entry is a folder that is named by its key: a digest of the bytes of the files, of the request, and of the code that reads
and encodes them. It appears whole, is mapped rather than read, and goes when others were used more recently. Whatever is wrong
with the cache costs time, never the search.
"""

import errno
import hashlib
import os
import shutil
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.data.pipeline import BUILT_IN, DataRequest, PreparedData, prepare_data
from tuner.data.reading.columns import Columns
from tuner.data.reading.sources import located_here
from tuner.data.splits import Splits
from tuner.data.text_dataset import Reading, TextDataset
from tuner.data.texts import Texts
from tuner.data.tokenizer import Tokenizer
from tuner.data.vocabulary import Vocabulary
from tuner.errors import InputError
from tuner.formatting import shown
from tuner.user_cache import cache_folder

SMALLEST: Final = 8 * 2**20
"""Bytes of text below which data are not kept: they are prepared in well under a second."""
LARGEST: Final = 5 * 2**30
"""Bytes that all entries take together at most."""
_SOURCES: Final = ("source", "validation_data", "test_data")
_TROUBLE: Final = (OSError, ValueError, InputError)  # the last where a vocabulary goes while it is being read
_FREE_BYTES: Final = 2**30  # are left on the disk
_ABANDONED: Final = 24 * 3600  # seconds after which an unfinished entry is one of a process that was killed


def prepare_with_cache(request: DataRequest, *, notes_matter: bool = True) -> PreparedData:
    """As ``prepare_data``, from the cache where it has the same data, which it has afterwards.

    Args:
        request: what to prepare.
        notes_matter: without it, notes may be those of a request in which these columns were not named but found.

    Raises:
        InputError: as ``prepare_data``.
    """
    try:
        files = None if request.no_cache else _files(request)
        stamps, content = _stamps(files or ()), _content(files or ())
    except OSError:
        files = None  # what cannot be read is said by who reads it
    if files is None:
        return prepare_data(request)
    folder = cache_folder("data")
    own = found = folder / _key(request, content)
    if not notes_matter:
        found = _other_entry(folder, _key_of_columns(request, content, request.columns)) or own
    note = ""
    try:
        return _read(found)
    except FileNotFoundError:
        pass
    except _TROUBLE as error:
        note = f"the entry {shown(str(found), 200)} of the cache is damaged ({_reason(error)}): the data were read anew"
        _remove(found)
    prepared = prepare_data(request)
    if int(prepared.dataset.texts.sizes().sum()) >= SMALLEST:
        try:
            if _stamps(files) != stamps:
                return prepared  # of bytes that are in no key
            _write(own, prepared)
            reading = prepared.dataset.reading
            columns = Columns(reading.text_columns, reading.label_column, request.columns.split)
            _point(folder, _key_of_columns(request, content, columns), own)
            prepared = _read(own)  # in the place of what fills the memory
        except _TROUBLE as error:
            note = (
                f"the data are not kept in the cache {shown(str(folder), 200)} ({_reason(error)}), so that the next start "
                "takes as long: set FRONTIER_TUNER_CACHE to another folder, or give `no_cache`"
            )
    return replace(prepared, notes=(*prepared.notes, note)) if note else prepared


def _reason(error: Exception) -> str:
    return shown(getattr(error, "strerror", None) or str(error).split("\n", 1)[0], 120)


def _files(request: DataRequest) -> list[tuple[str, Path]] | None:
    """The files of the data, each after its name in a key; None where they are not all on this machine.

    Data sets and their notes carry names of files, so that other names make other data.
    """
    if request.source == BUILT_IN:
        return None
    files: list[tuple[str, Path]] = []
    size = 0
    for role in _SOURCES:
        source = getattr(request, role)
        if source is None:
            continue
        found = located_here(source)
        if found is None:
            return None
        root = Path(os.path.commonpath([path.parent for path in found.paths]))
        for path in chain.from_iterable((top, *top.rglob("*")) for top in found.paths):
            if path.is_symlink() and path.is_dir():  # what lies behind it may be anywhere
                return None
            if path.is_file():
                files.append((f"{role}/{found.name}/{path.relative_to(root).as_posix()}", path))
                size += path.stat().st_size
                if size > LARGEST:  # maybe no data at all, but somebody's home
                    return None
    return files


def _stamps(files: Iterable[tuple[str, Path]]) -> list[tuple[int, int]]:
    """Changes where a file is written while it is being read."""
    return [(path.stat().st_size, path.stat().st_mtime_ns) for _, path in files]


def _content(files: Iterable[tuple[str, Path]]) -> list[tuple[str, str]]:
    """The names of the files and what they hold."""
    with ThreadPoolExecutor() as pool:
        digests = pool.map(_digest, (path for _, path in files))
        return [(name, digest) for (name, _), digest in zip(files, digests, strict=True)]


def _key(request: DataRequest, content: object, kind: str = "") -> str:
    asked = replace(request, source="", validation_data=None, test_data=None, data_dir=Path(), no_cache=False)
    return hashlib.sha256(repr((_code_version(), asked, content, kind)).encode()).hexdigest()[:32]


def _key_of_columns(request: DataRequest, content: object, columns: Columns) -> str:
    """The same for columns that were found and for these columns by name, as a resumed search asks for them."""
    return _key(replace(request, columns=columns), content, "found or named")


def _point(folder: Path, key: str, entry: Path) -> None:
    """Lets a key of columns stand for an entry."""
    new = folder / f".{key}-{os.getpid()}"
    new.write_text(entry.name, encoding="utf-8")
    new.replace(folder / f"{key}{_POINTER}")


def _other_entry(folder: Path, key: str) -> Path | None:
    """The entry that a key of columns stands for."""
    with suppress(OSError):
        return folder / (folder / f"{key}{_POINTER}").read_text(encoding="utf-8")
    return None


@cache
def _code_version() -> str:
    """Of all that decides what the same files and the same request become."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in [*sorted(package.rglob("*.py")), package.parent / "formatting.py"]:
        digest.update(path.read_bytes())
    libraries = ("frontier-tuner", "numpy", "pandas", "pyarrow", "regex", "charset-normalizer")
    digest.update(repr((sys.version_info, unicodedata.unidata_version, *map(version, libraries))).encode())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class _Facts:
    """What of prepared data is neither text nor array, and the digests of the entry's other files."""

    name: str
    label_names: tuple[str, ...]
    reading: Reading
    fingerprint: str
    dataset_notes: tuple[str, ...]
    split_notes: tuple[str, ...]
    notes: tuple[str, ...]
    tokenizer: Tokenizer
    digests: dict[str, str]


_FACTS: Final = TypeAdapter(_Facts)
_TEXTS, _VOCABULARY, _FACTS_FILE = "texts.arrow", "vocabulary.json", "facts.json"
_PARTS = ("train", "validation", "test")
_ARRAY, _POINTER = ".npy", ".entry"


def _write(entry: Path, prepared: PreparedData) -> None:
    """Adds an entry.

    Raises:
        OSError: where there is no room, or the folder cannot be written.
        ValueError: where a note holds half of a surrogate pair, which no file can.
    """
    entry.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    size = int(prepared.dataset.texts.sizes().sum()) + sum(array.nbytes for array in _arrays(prepared).values())
    _make_room(entry.parent, size)
    new = Path(mkdtemp(prefix=".new-", dir=entry.parent))
    try:
        prepared.dataset.texts.save(new / _TEXTS)
        prepared.vocabulary.save(new / _VOCABULARY)
        for name, array in _arrays(prepared).items():
            np.save(new / f"{name}{_ARRAY}", array)
        dataset = prepared.dataset
        facts = _Facts(
            dataset.name,
            dataset.label_names,
            dataset.reading,
            dataset.fingerprint,
            dataset.notes,
            prepared.splits.notes,
            prepared.notes,
            prepared.tokenizer,
            _digests(new),
        )
        (new / _FACTS_FILE).write_bytes(_FACTS.dump_json(facts))
        try:
            new.rename(entry)
        except OSError:
            if not entry.is_dir():  # else another process was quicker
                raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _arrays(prepared: PreparedData) -> dict[str, NDArray[np.generic]]:
    dataset, splits = prepared.dataset, prepared.splits
    arrays: dict[str, NDArray[np.generic]] = {
        "labels": dataset.labels,
        "rows": dataset.rows,
        "token_counts": prepared.token_counts,
    }
    if dataset.split is not None:
        arrays["split"] = dataset.split
    encoded = (prepared.encoded.train, prepared.encoded.validation, prepared.held_out)
    for name, rows, part in zip(_PARTS, (splits.train, splits.validation, splits.test), encoded, strict=True):
        arrays |= {f"{name}_rows": rows}
        arrays |= {f"{name}_{field}": array for field, array in vars(part).items()}
    return arrays


def _read(entry: Path) -> PreparedData:
    """The data of an entry, mapped, with all its bytes checked.

    Raises:
        FileNotFoundError: there is no such entry.
        OSError: it cannot be read.
        ValueError: it is damaged.
    """
    facts = _FACTS.validate_json((entry / _FACTS_FILE).read_bytes())
    if _digests(entry) != facts.digests:
        raise ValueError("its content has changed")
    os.utime(entry / _FACTS_FILE)  # it was used now
    names = [name for name in facts.digests if name.endswith(_ARRAY)]
    arrays = {name.removesuffix(_ARRAY): np.asarray(np.load(entry / name, mmap_mode="r")) for name in names}
    train, validation, test = (
        EncodedDataset(*(arrays[f"{name}_{field}"] for field in ("tokens", "offsets", "labels"))) for name in _PARTS
    )
    dataset = TextDataset(
        name=facts.name,
        texts=Texts.open(entry / _TEXTS),
        labels=arrays["labels"],
        label_names=facts.label_names,
        split=arrays.get("split"),
        reading=facts.reading,
        notes=facts.dataset_notes,
        fingerprint=facts.fingerprint,
        rows=arrays["rows"],
    )
    return PreparedData(
        dataset,
        Splits(arrays["train_rows"], arrays["validation_rows"], arrays["test_rows"], facts.split_notes),
        facts.tokenizer,
        Vocabulary.load(entry / _VOCABULARY),
        EncodedSplits(train, validation),
        test,
        arrays["token_counts"],
        facts.notes,
    )


def _digests(folder: Path) -> dict[str, str]:
    paths = [path for path in folder.iterdir() if path.name != _FACTS_FILE]
    with ThreadPoolExecutor() as pool:
        return {path.name: digest for path, digest in zip(paths, pool.map(_digest, paths), strict=True)}


def _make_room(folder: Path, size: int) -> None:
    """Removes the entries that were used longest ago, until one of this size has room.

    Raises:
        OSError: where it never has.
    """
    if size > LARGEST:
        raise OSError(errno.EFBIG, f"{size / 1e9:.1f} GB, of at most {LARGEST / 1e9:.1f} GB")
    room = LARGEST - size
    for _, used, entry in sorted(_entries(folder), reverse=True):
        room -= used
        if room < 0:
            _remove(entry)
    if shutil.disk_usage(folder).free < size + _FREE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _entries(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """When each entry was used, its bytes, and where it is. What killed processes left goes, and what points nowhere."""
    for entry in folder.iterdir():
        with suppress(OSError):  # another process removes it at this moment
            if entry.suffix == _POINTER:
                if not (folder / entry.read_text(encoding="utf-8")).is_dir():
                    entry.unlink()
            elif entry.name.startswith("."):
                if entry.stat().st_mtime < time.time() - _ABANDONED:
                    shutil.rmtree(entry, ignore_errors=True)
            else:
                used = (entry / _FACTS_FILE).stat().st_mtime
                yield used, sum(path.stat().st_size for path in entry.iterdir()), entry


def _remove(entry: Path) -> None:
    """Takes an entry away in one step, and then its files: who has them mapped keeps them."""
    with suppress(OSError):
        removed = entry.with_name(f".removed-{os.getpid()}-{entry.name}")
        entry.rename(removed)
        shutil.rmtree(removed, ignore_errors=True)
