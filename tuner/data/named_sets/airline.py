"""Twitter US Airline Sentiment, as Kaggle gives it out: Tweets.csv, or an archive that holds it."""

import zipfile
import zlib
from pathlib import Path

from tuner.data.reading.charset import decode
from tuner.data.reading.delimited import read_delimited
from tuner.data.reading.raw_table import RawTable
from tuner.data.wording import listed, shown
from tuner.errors import InputError

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
    table = read_delimited(decode(raw, name=origin).text, origin=origin, asked=("airline_sentiment",))
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
