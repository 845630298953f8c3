"""The public data sets that have a name: which files they consist of, where these come from, and what reads them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tuner.data.named_sets import airline, imdb, trec
from tuner.data.named_sets.download import RemoteFile, fetch, md5_of
from tuner.data.reading.raw_table import RawTable
from tuner.data.reading.tables import read_parquet
from tuner.data.wording import shown
from tuner.errors import InputError


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
            NamedSet("imdb", ("aclImdb_v1.tar.gz", "aclImdb"), (imdb.ARCHIVE,), imdb.read_imdb, imdb.ARCHIVE.url),
            NamedSet("airline", airline.FILES, (), airline.read_airline, airline.PAGE),
            NamedSet("trec", (trec.TRAIN.filename,), (trec.TRAIN, trec.TEST), trec.read_trec, trec.FOLDER_URL),
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
    return RawTable(table.columns, table.origin, (*notes, *table.notes))
