"""The public data sets that have a name: IMDB, airline, TREC. Which files they consist of, their sources, and their readers."""

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from tuner.data.download import RemoteFile, fetch, md5_of
from tuner.data.reading.arrow_files import read_parquet
from tuner.data.reading.charset import decode
from tuner.data.reading.columns import FIND_ALL
from tuner.data.reading.delimited import read_delimited
from tuner.data.reading.joining import joined, with_constant
from tuner.data.reading.labelled_lines import read_questions
from tuner.data.reading.layouts import entries_of, read_layout
from tuner.data.reading.raw_table import RawTable
from tuner.errors import InputError
from tuner.formatting import listed, shown

FOLDER_URL = "https://cogcomp.seas.upenn.edu/Data/QA/QC/"
TRAIN = RemoteFile("train_5500.label", FOLDER_URL + "train_5500.label", "073462e3fcefaae31e00edb1f18d2d02")
TEST = RemoteFile("TREC_10.label", FOLDER_URL + "TREC_10.label", "323a3554401d86e650717e2d2f942589")


def read_trec(path: Path) -> RawTable:
    """Return columns text, label (6 coarse classes), fine_label (COARSE:fine) and split of the two files.

    path: the training file; the test file lies beside it. Raises InputError with the line number where a line is no
    `COARSE:fine question`, and where one of the files is missing.
    """
    tables: list[RawTable] = []
    for remote, part in ((TRAIN, "train"), (TEST, "test")):
        file = path.with_name(remote.filename)
        try:
            # Latin-1 is what the files are in; they are too short of accents for a detector.
            text = file.read_bytes().decode("latin-1")
        except OSError as error:
            raise InputError(f"{shown(file.name)} cannot be read ({error.strerror}): get it at {remote.url}") from error
        tables.append(with_constant(read_questions(text, origin=shown(file.name)), "split", part)[0])
    return joined(tables, f"{TRAIN.filename} and {TEST.filename}")


PAGE = "https://www.kaggle.com/datasets/crowdflower/twitter-airline-sentiment"
FILES = ("Tweets.csv", "archive.zip", "twitter-airline-sentiment.zip")


def read_airline(path: Path) -> RawTable:
    """Return columns text and label (airline_sentiment) of Tweets.csv at `path`, or in the ZIP archive there.

    Raises InputError where the archive is damaged or holds no Tweets.csv, or the file lacks the two columns.
    """
    origin = shown(path.name)
    try:
        raw = _unzipped(path, origin) if path.suffix == ".zip" else path.read_bytes()
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{origin} cannot be read ({shown(str(error))}): get it again at {PAGE}") from error
    table = read_delimited(decode(raw, name=origin).content, origin=origin, asked=("airline_sentiment",))
    wanted = {"text": "text", "label": "airline_sentiment"}
    if not set(wanted.values()) <= set(table.columns):
        raise InputError(
            f"{origin} lacks the columns text and airline_sentiment: it has {listed(table.columns)}; see {PAGE}"
        )
    return RawTable({name: table.columns[column] for name, column in wanted.items()}, origin, table.notes)


def _unzipped(path: Path, origin: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        member = next((name for name in names if name.rsplit("/", 1)[-1] == FILES[0]), None)
        if member is None:
            raise InputError(f"{origin} holds no {FILES[0]}: it has {listed(names, 4)}; get it at {PAGE}")
        return archive.read(member)


ARCHIVE = RemoteFile(
    "aclImdb_v1.tar.gz",
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    "7c2ac02c03563afcf9b574c7e56c153a",
)
_LABELS = {"neg": "negative", "pos": "positive"}


def read_imdb(path: Path) -> RawTable:
    """Return columns text, label (negative, positive) and split (train, test) of the archive or its unpacked folder.

    Rows stand in the order of the folders, reviews by number. The unlabelled reviews (`unsup`) are left out.
    Raises InputError where the archive is damaged or holds no reviews.
    """
    origin = shown(path.name)
    if path.is_dir():
        table = read_layout(entries_of(path), path, FIND_ALL, origin=origin)
        labels = [_LABELS.get(str(label), label) for label in table.columns["label"]]
        return replace(table, columns={**table.columns, "label": [*labels]})
    rows: list[tuple[bool, str, int, str]] = []
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts
                if (
                    not member.isfile()
                    or len(parts) != 4
                    or parts[1] not in ("train", "test")
                    or parts[2] not in _LABELS
                ):
                    continue
                content = archive.extractfile(member)
                number = parts[3].partition("_")[0]
                if content is not None and number.isdecimal():
                    rows.append((parts[1] == "test", _LABELS[parts[2]], int(number), content.read().decode("utf-8")))
    except (OSError, EOFError, zlib.error, tarfile.TarError, UnicodeDecodeError) as error:
        raise InputError(f"{origin} is damaged ({shown(str(error))}): delete it, and it is downloaded again") from error
    if not rows:
        raise InputError(
            f"{origin} holds no reviews (aclImdb/train/neg/0_3.txt ...): delete it, and it is downloaded again"
        )
    rows.sort(key=lambda row: row[:3])
    columns: dict[str, list[object]] = {
        "text": [row[3] for row in rows],
        "label": [row[1] for row in rows],
        "split": ["test" if row[0] else "train" for row in rows],
    }
    return RawTable(columns, origin)


@dataclass(frozen=True)
class NamedSet:
    """A public data set. Its files are downloaded, or, where there are none, only looked for in the data folder.

    local: names under which the data may lie in the data folder, the first that exists is taken. remote: what to
    download where none of them does. read: takes the path of the first local name that exists. by_hand: where people
    get it.
    """

    name: str
    local: tuple[str, ...]
    remote: tuple[RemoteFile, ...]
    read: Callable[[Path], RawTable]
    by_hand: str


NAMED_SETS: Mapping[str, NamedSet] = MappingProxyType(
    {
        named.name: named
        for named in (
            NamedSet("imdb", ("aclImdb_v1.tar.gz", "aclImdb"), (ARCHIVE,), read_imdb, ARCHIVE.url),
            NamedSet("airline", FILES, (), read_airline, PAGE),
            NamedSet("trec", (TRAIN.filename,), (TRAIN, TEST), read_trec, FOLDER_URL),
        )
    }
)


def read_named(named: NamedSet, data_dir: Path) -> RawTable:
    """Return the columns of a named data set: from a prepared Parquet copy, its own files, or the network.

    data_dir: the folder to look in, and to download to; it is made where a download needs it.
    Raises InputError where nothing is found and nothing can be downloaded.
    """
    prepared = data_dir / f"{named.name}.parquet"
    if prepared.is_file():
        return read_parquet(prepared, origin=shown(prepared.name))
    notes = []
    instead = set(named.local) - {remote.filename for remote in named.remote}
    for remote in named.remote:
        target = data_dir / remote.filename
        if target.is_file():
            found = md5_of(target)
            if found != remote.md5:
                notes.append(f"{shown(target.name)} is not the published file (MD5 {found}, published {remote.md5})")
        elif not any((data_dir / name).exists() for name in instead):
            fetch(remote, target)
    path = next((data_dir / name for name in named.local if (data_dir / name).exists()), None)
    if path is None:
        raise InputError(
            f"{named.name} is not in {shown(str(data_dir), 200)} and needs a login: get it at {named.by_hand} "
            f"and put {' or '.join(named.local)} there"
        )
    table = named.read(path)
    return replace(table, notes=(*notes, *table.notes))
