"""The Large Movie Review Dataset v1.0, as Stanford gives it out: an archive with a file a review."""

import tarfile
import zlib
from pathlib import Path, PurePosixPath

from tuner.data.named_sets.download import RemoteFile
from tuner.data.reading.class_folders import read_class_folders
from tuner.data.reading.raw_table import RawTable
from tuner.data.wording import shown
from tuner.errors import InputError

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
        table = read_class_folders(path, origin=origin)
        labels = [_LABELS.get(str(label), label) for label in table.columns["label"]]
        return RawTable({**table.columns, "label": labels}, origin, table.notes)
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
