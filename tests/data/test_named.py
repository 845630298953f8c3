import gzip
import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tuner.data.download import RemoteFile, fetch
from tuner.data.named_sets import NAMED_SETS, NamedSet, read_named
from tuner.data.reading.columns import Columns
from tuner.data.reading.loading import load_dataset
from tuner.data.text_dataset import Split
from tuner.errors import InputError

TWEETS = (
    "tweet_id,airline_sentiment,airline_sentiment_confidence,airline,name,text\n"
    '1,neutral,1.0,Delta,a,"@x what\nsaid, ""he"""\n2,positive,0.3,Delta,b,plus\n'
    "3,positive,0.6,United,c,yes\n4,neutral,1.0,United,d,well\n"
)
QUESTIONS = "DESC:manner How did serfdom develop ?\nENTY:cremat What films featured Popeye ?\n"


def imdb_archive() -> bytes:
    names = [
        f"aclImdb/{part}/{label}/{number}_7.txt"
        for part in ("train", "test")
        for label in ("pos", "neg")
        for number in (10, 9)
    ]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in [*names, "aclImdb/train/unsup/0_0.txt", "aclImdb/README", "aclImdb/train/urls_pos.txt"]:
            info = tarfile.TarInfo(name)
            info.size = len(name.encode()) + 2
            archive.addfile(info, io.BytesIO(f"{name}é".encode()))
    return buffer.getvalue()


def unpack(raw: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        archive.extraction_filter = lambda member, path: member  # 3.12 wants one; 3.11.2 has no argument
        archive.extractall(folder)


@pytest.mark.parametrize("unpacked", [False, True])
def test_imdb(tmp_path: Path, unpacked: bool) -> None:
    if unpacked:
        unpack(imdb_archive(), tmp_path)
    else:
        (tmp_path / "aclImdb_v1.tar.gz").write_bytes(imdb_archive())
    dataset = load_dataset("imdb", data_dir=tmp_path)
    assert dataset.label_names == ("negative", "positive")
    assert dataset.split is not None
    labels = [dataset.label_names[label] for label in dataset.labels]
    rows = sorted(zip(dataset.split.tolist(), labels, dataset.texts, strict=True))
    assert len(rows) == 8
    assert rows[0] == (Split.TRAIN, "negative", "aclImdb/train/neg/10_7.txté")
    assert rows[-1] == (Split.TEST, "positive", "aclImdb/test/pos/9_7.txté")
    if not unpacked:
        assert dataset.texts[:2] == ("aclImdb/train/neg/9_7.txté", "aclImdb/train/neg/10_7.txté")
        assert "is not the published file (MD5" in dataset.notes[0]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (imdb_archive()[:-60], "is damaged"),
        (b"no gzip", "is damaged"),
        (gzip.compress(bytes(10240)), "holds no reviews"),
    ],
)
def test_a_damaged_imdb_archive(tmp_path: Path, raw: bytes, reason: str) -> None:
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(raw)
    with pytest.raises(InputError, match=f"'aclImdb_v1.tar.gz' {reason}.*delete it"):
        load_dataset("imdb", data_dir=tmp_path)


@pytest.mark.parametrize("name", ["Tweets.csv", "archive.zip", "twitter-airline-sentiment.zip"])
def test_airline(tmp_path: Path, name: str) -> None:
    if name.endswith(".zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("inside/Tweets.csv", TWEETS)
    else:
        (tmp_path / name).write_text(TWEETS)
    dataset = load_dataset("airline", data_dir=tmp_path)
    assert dataset.texts == ('@x what\nsaid, "he"', "plus", "yes", "well")
    assert dataset.label_names == ("neutral", "positive")


def test_airline_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"needs a login: get it at https://www.kaggle.com/\S+ and put Tweets.csv or arch"
    ):
        load_dataset("airline", data_dir=tmp_path)


@pytest.mark.parametrize(("content", "reason"), [(None, "cannot be read"), ("database.sqlite", "holds no Tweets.csv")])
def test_other_archives_by_that_name(tmp_path: Path, content: str | None, reason: str) -> None:
    (tmp_path / "archive.zip").write_bytes(b"no archive")
    if content is not None:
        with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
            archive.writestr(content, "")
    with pytest.raises(InputError, match=f"'archive.zip' {reason}"):
        load_dataset("airline", data_dir=tmp_path)


def test_airline_without_its_columns(tmp_path: Path) -> None:
    (tmp_path / "Tweets.csv").write_text("text,label\na,b\n")
    with pytest.raises(InputError, match="lacks the columns text and airline_sentiment: it has 'text', 'label'"):
        load_dataset("airline", data_dir=tmp_path)


def test_trec(tmp_path: Path) -> None:
    (tmp_path / "train_5500.label").write_bytes(
        (QUESTIONS * 2).encode() + "DESC:def What is caf\xe9 ?\n".encode("latin-1")
    )
    (tmp_path / "TREC_10.label").write_text(QUESTIONS)
    dataset = load_dataset("trec", data_dir=tmp_path)
    assert dataset.label_names == ("DESC", "ENTY")
    assert dataset.texts[4] == "What is café ?"
    assert dataset.split is not None
    assert dataset.split.tolist() == [0] * 5 + [2] * 2
    assert "DESC:def" in load_dataset("trec", Columns(label="fine_label"), data_dir=tmp_path).label_names


def test_a_bad_trec_line(tmp_path: Path) -> None:
    (tmp_path / "train_5500.label").write_text(QUESTIONS + "<html>\n")
    (tmp_path / "TREC_10.label").write_text(QUESTIONS)
    with pytest.raises(InputError, match=r"'train_5500\.label', line 3 is no `COARSE:fine question`: '<html>'"):
        load_dataset("trec", data_dir=tmp_path)


@pytest.mark.parametrize("name", list(NAMED_SETS))
def test_a_prepared_copy_comes_first(tmp_path: Path, name: str) -> None:
    pq.write_table(pa.table({"text": ["a", "b", "c", "d"], "label": ["x", "y"] * 2}), tmp_path / f"{name}.parquet")
    (tmp_path / "Tweets.csv").write_text("not looked at")
    assert load_dataset(name, data_dir=tmp_path).name == name


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves /ok whole, /short with half of the promised bytes, and nothing else."""

    content = b"DESC:manner How ?\n" * 1000

    def do_GET(self) -> None:
        if self.path not in ("/ok", "/short"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content if self.path == "/ok" else self.content[:9000])

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


MD5 = hashlib.md5(Handler.content, usedforsecurity=False).hexdigest()


def test_a_download_is_verified_and_put_in_place(tmp_path: Path, server: str) -> None:
    target = tmp_path / "new" / "file"
    fetch(RemoteFile("file", f"{server}/ok", MD5), target, timeout=10)
    assert target.read_bytes() == Handler.content
    assert [path.name for path in target.parent.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("page", "md5", "reason"),
    [
        ("/missing", MD5, "cannot be downloaded .*404"),
        ("/short", MD5, "cannot be downloaded .*9,000 of 18,000 bytes"),
        ("/ok", "0" * 32, f"came with MD5 {MD5}, published is 0000"),
    ],
)
def test_a_download_that_fails_leaves_nothing(tmp_path: Path, server: str, page: str, md5: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        fetch(RemoteFile("file", server + page, md5), tmp_path / "file", timeout=10)
    assert f"get {server}{page} by hand and put it at {tmp_path / 'file'}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(InputError, match="cannot be downloaded"):
        fetch(RemoteFile("file", "http://127.0.0.1:9/file", MD5), tmp_path / "file", timeout=2)


def test_a_named_set_downloads_what_is_missing_once(tmp_path: Path, server: str) -> None:
    remote = RemoteFile("train_5500.label", f"{server}/ok", MD5)
    other = RemoteFile("TREC_10.label", f"{server}/ok", MD5)
    named = NamedSet("trec", ("train_5500.label",), (remote, other), NAMED_SETS["trec"].read, "")
    assert len(read_named(named, tmp_path).columns["text"]) == 2000
    unreachable = RemoteFile("train_5500.label", "http://127.0.0.1:9/", MD5)
    again = NamedSet("trec", named.local, (unreachable, other), named.read, "")
    assert len(read_named(again, tmp_path).columns["text"]) == 2000
