import csv
import gzip
import io
import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.covering import examples
from tuner.data.reading.columns import FIND_ALL, Columns
from tuner.data.reading.formats import READERS
from tuner.data.reading.loading import load_dataset
from tuner.data.text_dataset import Split, make_dataset
from tuner.errors import InputError

TEXTS = ["a good, long film", 'he said "no"', "two\nlines", "fine", "poor", "so-so é €"]
LABELS = ["pos", "neg", "pos", "pos", "neg", "neg"]


def write(folder: Path, kind: str) -> Path:
    path = folder / f"films.{kind}"
    rows = list(zip(TEXTS, LABELS, strict=True))
    if kind == "parquet":
        pq.write_table(pa.table({"text": TEXTS, "label": pa.array(LABELS).dictionary_encode()}), path)
    elif kind.startswith("jsonl"):
        content = "\n".join(json.dumps({"text": text, "label": label}) for text, label in rows).encode()
        path.write_bytes(gzip.compress(content) if kind.endswith(".gz") else content)
    else:
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter="\t" if kind.startswith("tsv") else ",")
        writer.writerows([("text", "label"), *rows])
        content = buffer.getvalue().encode()
        path.write_bytes(gzip.compress(content) if kind.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("kind", ["csv", "tsv", "txt", "jsonl", "ndjson", "parquet", "csv.gz", "tsv.gz", "jsonl.gz"])
def test_the_same_data_in_every_format(tmp_path: Path, kind: str) -> None:
    kind_written = "jsonl" if kind == "ndjson" else kind
    path = write(tmp_path, kind_written).rename(tmp_path / f"films.{kind}")
    dataset = load_dataset(str(path), data_dir=tmp_path)
    assert dataset.name == "films"
    assert dataset.texts == tuple(TEXTS)
    assert [dataset.label_names[label] for label in dataset.labels] == LABELS
    assert dataset.fingerprint == make_dataset("other name", TEXTS, LABELS).fingerprint


@pytest.mark.parametrize("name", ["films", "films.data", "films.data.gz"])
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_where_the_ending_does_not_tell_the_content_does(tmp_path: Path, kind: str, name: str) -> None:
    content = write(tmp_path, kind).read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert load_dataset(str(tmp_path / name), data_dir=tmp_path).texts == tuple(TEXTS)


def test_readers_claim_different_endings() -> None:
    suffixes = [suffix for reader in READERS for suffix in reader.suffixes]
    assert len(set(suffixes)) == len(suffixes)


def test_the_fingerprint_sees_texts_labels_names_and_split() -> None:
    base = make_dataset("d", ["ab", "c"], ["x", "y"])
    others = [
        make_dataset("d", ["a", "bc"], ["x", "y"]),
        make_dataset("d", ["ab", "c"], ["y", "x"]),
        make_dataset("d", ["ab", "c"], ["x", "z"]),
        make_dataset("d", ["ab", "c"], ["x", "y"], split=[Split.TRAIN, Split.TEST]),
    ]
    assert len({base.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_make_dataset_wants_a_label_a_text() -> None:
    with pytest.raises(ValueError, match="Received: 2 texts, 1 labels"):
        make_dataset("d", ["a", "b"], ["x"])


def test_a_folder_of_class_folders(tmp_path: Path) -> None:
    for name, raw in {"neg/1.txt": b"bad", "neg/2.txt": b"caf\xe9", "pos/1.txt": b"good", "pos/2.txt": b"fine"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    (tmp_path / "pos/3.txt").write_bytes(b"")
    (tmp_path / "pos/urls.csv").write_bytes(b"x")
    dataset = load_dataset(str(tmp_path), data_dir=tmp_path)
    assert dataset.texts == ("bad", "café", "good", "fine")
    assert (dataset.label_names, dataset.split) == (("neg", "pos"), None)
    notes = "\n".join(dataset.notes)
    for said in ("'neg': 1 file read as Windows-1252", "'pos': not read: 'urls.csv'", "left out 1 row without text"):
        assert said in notes


def test_class_folders_under_a_given_split(tmp_path: Path) -> None:
    for part in ("train", "Dev", "test"):
        for label in ("a", "b"):
            (tmp_path / part / label).mkdir(parents=True)
            (tmp_path / part / label / "1").write_text(f"{part} {label}")
    (tmp_path / "train/unsup").mkdir()
    (tmp_path / "train/unsup/1").write_text("no label")
    (tmp_path / "extra").mkdir()
    dataset = load_dataset(str(tmp_path), data_dir=tmp_path)
    assert dataset.split is not None
    assert sorted(zip(dataset.split.tolist(), dataset.texts, strict=True)) == [
        (Split.TRAIN, "train a"),
        (Split.TRAIN, "train b"),
        (Split.VALIDATION, "Dev a"),
        (Split.VALIDATION, "Dev b"),
        (Split.TEST, "test a"),
        (Split.TEST, "test b"),
    ]
    assert any("'train/unsup' left out, it has no labels" in note for note in dataset.notes)
    assert any("not read: 'extra'" in note for note in dataset.notes)
    assert dataset.reading.left_out == {"without label": 1}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "has no files with texts: give .csv"),
        (
            {"a.csv": b"x,y\n1,2", "b.tsv": b"z\ty\n1\t2"},
            "has the files 'a.csv', 'b.tsv', whose names and columns do not say",
        ),
        ({"a.csv": b"x"}, "'a.csv' has one column"),
        ({"a.pkl": b"\x80\x00", "README.md": b"x"}, "has no files with texts"),
    ],
)
def test_folders_without_texts(tmp_path: Path, files: dict[str, bytes], reason: str) -> None:
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(InputError, match=reason):
        load_dataset(str(tmp_path), data_dir=tmp_path)


def test_a_path_wins_over_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for label in ("a", "b"):
        (tmp_path / "imdb" / label).mkdir(parents=True)
        for number in range(2):
            (tmp_path / "imdb" / label / f"{number}.txt").write_text(f"{label} {number}")
    assert len(load_dataset("imdb", data_dir=tmp_path / "elsewhere")) == 4


@pytest.mark.parametrize("data", ["nope", "", "a\0b", "x" * 5000, "~nobody-of-this-name/x", "no\nlines"])
def test_unknown_data(tmp_path: Path, data: str) -> None:
    with pytest.raises(InputError, match=r"^no data under .*or one of the names imdb, airline, trec$"):
        load_dataset(data, data_dir=tmp_path)


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("f.xyz", b"a", "'f.xyz' has the unknown ending '.xyz': give .csv"),
        ("f", b"a", "'f' has the unknown ending ''"),
        ("f.csv", b"", "'f.csv' is empty"),
        ("f.csv.gz", b"no gzip", "'f.csv.gz' cannot be read"),
        ("f.csv.gz", gzip.compress(b"text,label\n" * 99)[:-9], "'f.csv.gz' cannot be read"),
        ("f.jsonl", b'{"text": "a", "label": 1}\n\n{"text": oops}', "'f.jsonl', line 3 is not JSON .Expecting value"),
        ("f.jsonl", b"[1]\n", r"'f.jsonl', record 1 is not a JSON object: 1"),
        ("f.jsonl", b"[" * 100_000, "line 1 is not JSON"),
        ("f.jsonl", b"\n", "blank lines only"),
        ("f.parquet", b"PAR1 no PAR1", "'f.parquet' cannot be read as Parquet"),
        ("a\nb.csv", b"", r"^'a\\nb.csv' is empty"),
    ],
)
def test_files_that_do_not_load(tmp_path: Path, name: str, raw: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(InputError, match=reason) as caught:
        load_dataset(str(tmp_path / name), data_dir=tmp_path)
    assert "\n" not in str(caught.value)


def test_an_empty_parquet_file(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"text": pa.array([], pa.string()), "label": pa.array([], pa.int8())}), tmp_path / "f.parquet"
    )
    with pytest.raises(InputError, match=r"'f\.parquet' has no rows"):
        load_dataset(str(tmp_path / "f.parquet"), data_dir=tmp_path)


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
@pytest.mark.parametrize("columns", [FIND_ALL, Columns(("tokens",))])
def test_lists_of_words_are_texts(tmp_path: Path, kind: str, columns: Columns) -> None:
    words = [["a", "fine", "film"], ["bad"], [], None, ["so", "bad"], ["so", "fine"]]
    table = pa.table({"tokens": words, "label": [1, 0, 1, 0, 0, 1]})
    path = tmp_path / f"words.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    dataset = load_dataset(str(path), columns, data_dir=tmp_path)
    assert list(dataset.texts) == ["a fine film", "bad", "so bad", "so fine"]
    assert f"'{path.name}': the lists of words in column 'tokens' are joined by blanks" in dataset.notes
    assert f"'{path.name}': left out 2 rows without text, of 6" in dataset.notes


def test_lists_of_numbers_are_no_texts(tmp_path: Path) -> None:
    pq.write_table(pa.table({"ids": [[1, 2], [3, 4]] * 3, "label": [1, 0] * 3}), tmp_path / "ids.parquet")
    for columns, reason in (
        (FIND_ALL, "no column of texts among 'ids', 'label': .* or give a file with texts or lists of words"),
        (Columns(("ids",)), "holds a list in row 1: give texts or lists of words, or name another with `text_column`"),
    ):
        with pytest.raises(InputError, match=reason):
            load_dataset(str(tmp_path / "ids.parquet"), columns, data_dir=tmp_path)


def test_bytes_in_parquet(tmp_path: Path) -> None:
    columns = {"text": [text.encode() for text in TEXTS], "label": LABELS, "image": [b"\xff\xd8"] * 6}
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")
    path = str(tmp_path / "f.parquet")
    assert load_dataset(path, data_dir=tmp_path).texts == tuple(TEXTS)
    with pytest.raises(InputError, match=r"column 'image' holds a bytes in row 1: give texts .* with `text_column`"):
        load_dataset(path, Columns(("image",)), data_dir=tmp_path)


def test_half_surrogates_and_numbers_as_text(tmp_path: Path) -> None:
    rows = ['{"text": "a\\ud800", "label": 1}', '{"text": 5, "label": 0}'] * 2
    (tmp_path / "f.jsonl").write_text("\n".join(rows))
    assert load_dataset(str(tmp_path / "f.jsonl"), Columns(("text",)), data_dir=tmp_path).texts == ("a\ufffd", "5") * 2


def loads_or_tells(name: str, raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(raw)
        message = ""
        try:
            dataset = load_dataset(str(path), data_dir=Path(folder))
        except InputError as error:
            message = str(error)
            dataset = None
    if dataset is None:
        assert message.strip()
        assert "\n" not in message
    else:
        assert len(dataset) == len(dataset.labels) >= 2


ENDINGS = st.sampled_from(
    [
        "f.csv",
        "f.tsv",
        "f.txt",
        "f.jsonl",
        "f.json",
        "f.parquet",
        "f.arrow",
        "f.xlsx",
        "f.zip",
        "f.csv.gz",
        "f.zst",
        "f",
    ]
)
# Pieces that files are made of reach deeper than bytes at random.
PIECES = st.sampled_from(
    [
        *(b"text", b"label", b"pos", b"neg", b"1.0", b"train", b"split", b",", b";", b"\t", b"\n", b'"', b'""'),
        *(b"\r\n", "é".encode(), b"1e999", b"__label__a ", b"A:b c\n", b"|", b'[{"', b'{"a":[', b"]", b"}"),
        *(b"PK\x03\x04", b"\x1f\x8b", b"ARROW1", b"\xff\xff\xff\xff", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        *(b'{"text":"a","label":1}', b'{"text":"b","label":[1]}', b" ", b"\x00", b"\xe9", b"\xff\xfe", b"\xef\xbb\xbf"),
    ],
)


@given(ENDINGS, st.binary(max_size=200) | st.lists(PIECES, max_size=60).map(b"".join))
@settings(deadline=None, max_examples=examples(300), suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_load_or_raise_one_line(name: str, raw: bytes) -> None:
    loads_or_tells(name, raw)


@given(st.integers(0, 900), st.binary(min_size=1, max_size=4))
@settings(deadline=None, max_examples=examples(150))
def test_any_damaged_parquet_loads_or_raises_one_line(place: int, damage: bytes) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"text": TEXTS, "label": LABELS}), buffer)
    raw = buffer.getvalue()
    place %= len(raw)
    loads_or_tells("f.parquet", raw[:place] + damage + raw[place + len(damage) :])


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.lists(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers())
        ),
        max_size=4,
    )
)
@settings(deadline=None, max_examples=examples(200))
def test_any_table_as_jsonl_loads_or_raises_one_line(columns: dict[str, list[object]]) -> None:
    longest = max((len(cells) for cells in columns.values()), default=0)
    rows = [{name: cells[i] for name, cells in columns.items() if i < len(cells)} for i in range(longest)]
    loads_or_tells("f.jsonl", "\n".join(map(json.dumps, rows)).encode())


def test_imdb(shared_data: Path) -> None:
    dataset = load_dataset("imdb", data_dir=shared_data)
    assert len(dataset) == 50_000
    assert dataset.label_names == ("negative", "positive")
    assert dataset.split is not None
    assert dataset.split.tolist() == [Split.TRAIN] * 25_000 + [Split.TEST] * 25_000
    assert dataset.reading.text_columns == ("text",)


def test_airline(shared_data: Path) -> None:
    dataset = load_dataset("airline", data_dir=shared_data)
    assert (len(dataset), dataset.label_names, dataset.split) == (14_640, ("negative", "neutral", "positive"), None)


@pytest.mark.parametrize(("column", "classes"), [(None, 6), ("fine_label", None)])
def test_trec(shared_data: Path, column: str | None, classes: int | None) -> None:
    dataset = load_dataset("trec", Columns(label=column), data_dir=shared_data)
    assert len(dataset) == 5952
    assert len(dataset.label_names) == (classes or 50)
