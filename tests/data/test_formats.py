"""Formats of files: each form that people have of the same six texts gives the same six texts."""

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.covering import examples
from tuner.data.reading import compression
from tuner.data.reading.columns import Columns
from tuner.data.reading.formats import COMPRESSIONS, READERS, known_formats, known_suffixes
from tuner.data.reading.loading import load_dataset
from tuner.data.text_dataset import Split, TextDataset
from tuner.errors import InputError

TEXTS = ["a good, long film", 'he said "no"', "fine", "poor", "so-so é €", "well"]
LABELS = ["pos", "neg", "pos", "neg", "neg", "pos"]
RECORDS = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]
FRAME = pd.DataFrame(RECORDS)
LINES = "".join(f"{json.dumps(record)}\n" for record in RECORDS)
CSV = FRAME.to_csv(index=False)


def load(path: Path, **options: object) -> TextDataset:
    return load_dataset(str(path), data_dir=path.parent, **options)


def assert_read(dataset: TextDataset, labels: list[str] = LABELS) -> None:
    assert dataset.texts == tuple(TEXTS)
    assert [dataset.label_names[label] for label in dataset.labels] == labels


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        f"\n{LINES}\n\n",
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2),
        json.dumps({"version": 1, "data": RECORDS}),
        json.dumps({"data": RECORDS, "about": {"by": "me"}}, indent=1),
        json.dumps([[text, label] for text, label in zip(TEXTS, LABELS, strict=True)]),
        json.dumps({"text": TEXTS, "label": LABELS}),
        FRAME.to_json(),
        FRAME.to_json(orient="records"),
        FRAME.to_json(orient="records", lines=True),
        FRAME.to_json(orient="index"),
        FRAME.to_json(orient="split"),
        FRAME.to_json(orient="table"),
        FRAME.to_json(orient="values"),
    ],
)
@pytest.mark.parametrize("name", ["f.json", "f.jsonl", "f"])
def test_json_in_all_forms(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert_read(load(tmp_path / name))


def test_a_column_of_lists_is_no_list_of_records(tmp_path: Path) -> None:
    columns = {"text": TEXTS, "tags": [["a"]] * 6, "label": LABELS}
    (tmp_path / "f.json").write_text(json.dumps(columns))
    assert_read(load(tmp_path / "f.json"))


def test_texts_under_the_names_of_their_classes(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(json.dumps({"pos": ["good", "fine", "well"], "neg": ["bad", "poor"]}))
    dataset = load(tmp_path / "f.json")
    assert dataset.texts == ("good", "fine", "well", "bad", "poor")
    assert [dataset.label_names[label] for label in dataset.labels] == ["pos"] * 3 + ["neg"] * 2


def test_records_under_the_names_of_parts_are_a_given_split(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(json.dumps({"train": RECORDS[:4], "test": RECORDS[4:]}))
    dataset = load(tmp_path / "f.json")
    assert_read(dataset)
    assert dataset.split is not None
    assert dataset.split.tolist() == [Split.TRAIN] * 4 + [Split.TEST] * 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('[{"text": "a", "label": 1},\n {"text": oops}]', "line 2 is not JSON .Expecting value"),
        ("[]", "is an empty array"),
        ("{}", "has no rows"),
        ('"text"', "holds 'text', which is no records"),
        ('{"a": [{"text": "x"}], "b": [{"text": "y"}]}', "has records under the keys 'a', 'b': keep one of them"),
        ("[" * 100_000, "line 1 is not JSON"),
        ('{"data": [1, 2]}', "data.* holds a list|one column"),
    ],
)
def test_json_that_is_no_records_is_one_line(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "f.json").write_text(content)
    with pytest.raises(InputError, match=reason) as caught:
        load(tmp_path / "f.json")
    assert "\n" not in str(caught.value)


FEATURES = {"text": {"dtype": "string", "_type": "Value"}, "label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}
NUMBERED = pa.table({"text": TEXTS, "label": [["neg", "pos"].index(label) for label in LABELS]})
NAMED = NUMBERED.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": FEATURES}})})


def write_stream(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


def write_file(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


ARROW_WRITERS = {
    "f.parquet": pq.write_table,
    "f.feather": pyarrow.feather.write_feather,
    "f.arrow": write_file,
    "stream.arrow": write_stream,
    "f": write_stream,
    "f.csv": write_file,
}


@pytest.mark.parametrize("name", ARROW_WRITERS)
def test_arrow_and_parquet_with_the_names_of_classes(tmp_path: Path, name: str) -> None:
    ARROW_WRITERS[name](NAMED, tmp_path / name)
    assert_read(load(tmp_path / name))


@pytest.mark.parametrize(
    "features", [None, "no JSON", json.dumps({"info": []}), json.dumps({"info": {"features": [1]}})]
)
def test_without_names_classes_keep_their_numbers(tmp_path: Path, features: str | None) -> None:
    table = NUMBERED.replace_schema_metadata(None if features is None else {"huggingface": features})
    pq.write_table(table, tmp_path / "f.parquet")
    assert load(tmp_path / "f.parquet").label_names == ("0", "1")


def test_minus_one_is_no_class(tmp_path: Path) -> None:
    table = pa.table({"text": [*TEXTS, "unlabelled"], "label": [*NUMBERED["label"].to_pylist(), -1]})
    pq.write_table(table.replace_schema_metadata(NAMED.schema.metadata), tmp_path / "f.parquet")
    dataset = load(tmp_path / "f.parquet")
    assert_read(dataset)
    assert dataset.reading.left_out == {"without label": 1}


def test_what_save_to_disk_leaves(tmp_path: Path) -> None:
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    for part, start in (("train", 0), ("test", 4)):
        folder = tmp_path / part
        folder.mkdir()
        write_stream(NUMBERED.slice(start, 4 if part == "train" else 2), folder / "data-00000-of-00001.arrow")
        (folder / "dataset_info.json").write_text(json.dumps({"features": FEATURES}))
        (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
    dataset = load(tmp_path)
    assert sorted(dataset.texts) == sorted(TEXTS)
    assert dataset.label_names == ("neg", "pos")
    assert dataset.split is not None
    assert sorted(dataset.split.tolist()) == [Split.TRAIN] * 4 + [Split.TEST] * 2
    assert_parts_are_one_by_one(tmp_path / "train")


def assert_parts_are_one_by_one(folder: Path) -> None:
    assert load(folder).texts == tuple(TEXTS[:4])
    (folder / "state.json").write_text("{}")
    with pytest.raises(InputError, match=r"'state.json' is not what `save_to_disk` writes"):
        load(folder)


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("__MACOSX/._f", b"x")
        archive.writestr(name, content)
    return buffer.getvalue()


def zstandard(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard,
    ".zip": lambda content: zipped("inside/f.csv", content),
}


@pytest.mark.parametrize("name", ["f.csv{}", "f{}", "f.csv"])
@pytest.mark.parametrize("ending", PACKERS)
def test_compressed_tables(tmp_path: Path, ending: str, name: str) -> None:
    path = tmp_path / name.format(ending)
    path.write_bytes(PACKERS[ending](CSV.encode()))
    dataset = load(path)
    assert_read(dataset)
    assert (dataset.name, dataset.reading.format) == ("f", "CSV")


def test_every_compression_is_tested() -> None:
    assert [one.suffix for one in COMPRESSIONS] == list(PACKERS)


def test_compressed_parquet(tmp_path: Path) -> None:
    pq.write_table(NAMED, tmp_path / "f.parquet")
    (tmp_path / "f.parquet.zst").write_bytes(zstandard((tmp_path / "f.parquet").read_bytes()))
    assert_read(load(tmp_path / "f.parquet.zst"))


@pytest.mark.parametrize("ending", PACKERS)
def test_damaged_compressed_files_are_one_line(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"f.csv{ending}"
    path.write_bytes(PACKERS[ending](CSV.encode() * 99)[:-30])
    with pytest.raises(InputError, match=f"f.csv{ending}") as caught:
        load(path)
    assert "\n" not in str(caught.value)


FILES = {
    "films/train.csv": FRAME[:4].to_csv(index=False),
    "films/test.csv": FRAME[4:].to_csv(index=False),
    "films/README.md": "# Films",
    "films/.DS_Store": "x",
}


def archive_of(files: dict[str, str], kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("films/valid.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    content = buffer.getvalue()
    return content if kind == "tar" else PACKERS[f".{kind.removeprefix('tar.')}"](content)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst"])
@pytest.mark.parametrize("name", ["films.{}", "download"])
def test_archives_of_a_layout(tmp_path: Path, kind: str, name: str) -> None:
    path = tmp_path / name.format(kind)
    path.write_bytes(archive_of(FILES, kind))
    dataset = load(path)
    assert sorted(dataset.texts) == sorted(TEXTS)
    assert dataset.split is not None
    assert sorted(dataset.split.tolist()) == [0] * 4 + [2] * 2


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@pytest.mark.parametrize("name", ["../outside.csv", "/tmp/outside-of-frontier-tuner.csv", "a/../../outside.csv"])
def test_nothing_is_unpacked_outside(tmp_path: Path, kind: str, name: str) -> None:
    (tmp_path / f"f.{kind}").write_bytes(archive_of({**FILES, name: CSV}, kind))
    with pytest.raises(InputError, match=r"holds the path .*outside.*, which leads out of it"):
        load(tmp_path / f"f.{kind}")
    assert not Path("/tmp/outside-of-frontier-tuner.csv").exists()


@pytest.mark.parametrize("name", ["f.csv.gz", "f.csv.zst", "f.zip", "f.tar.gz"])
def test_what_unpacks_without_end_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "LARGEST", 2**21)
    large = "x" * 2**22
    kind = name.partition(".")[2]
    content = (
        PACKERS[f".{kind[4:]}"](large.encode())
        if kind.startswith("csv")
        else archive_of({**FILES, "f.csv": large}, kind)
    )
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"'{name}' unpacks to more than 0.00195312 GiB"):
        load(tmp_path / name)


def test_an_encrypted_archive_is_one_line(tmp_path: Path) -> None:
    raw = bytearray(archive_of(FILES, "zip"))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag that says so, in both headers
        place = -1
        while (place := raw.find(signature, place + 1)) >= 0:
            raw[place + offset : place + offset + 2] = struct.pack("<H", 1)
    (tmp_path / "f.zip").write_bytes(raw)
    with pytest.raises(InputError, match=r"'f.zip' cannot be unpacked .*encrypted"):
        load(tmp_path / "f.zip")


def test_fasttext_lines(tmp_path: Path) -> None:
    lines = [f"__label__{label} {text}" for text, label in zip(TEXTS, LABELS, strict=True)]
    for name in ("f.txt", "f.train", "f.csv", "f.ft.txt", "f"):
        (tmp_path / name).write_text("\n".join([*lines, ""]))
        dataset = load(tmp_path / name)
        assert_read(dataset)
        assert dataset.reading.format == "fastText"


def test_fasttext_lines_with_two_labels_are_refused(tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text("__label__a one\n__label__a __label__b two\n__label__b three\n" * 2)
    with pytest.raises(InputError, match=r"2 lines of 6 have several labels, the first line 2 \('a', 'b'\)"):
        load(tmp_path / "f.txt")


def test_lines_of_questions(tmp_path: Path) -> None:
    lines = [f"{label.upper()}:fine{i} {text}" for i, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))]
    for name in ("f.label", "f.txt", "f.label.txt"):
        (tmp_path / name).write_text("\n".join(lines))
        assert_read(load(tmp_path / name), [label.upper() for label in LABELS])
    (tmp_path / "g.label").write_text("A:x one\nB two\n")
    with pytest.raises(InputError, match=r"line 2 is no `COARSE:fine question`"):
        load(tmp_path / "g.label")


def test_a_table_of_times_is_no_list_of_questions(tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text("text,label\n" + "".join(f"at:{i} noon, {'ab'[i % 2]}\n" for i in range(8)))
    assert load(tmp_path / "f.txt").reading.format == "CSV"


def sheet(rows: list[list[object]]) -> str:
    def cell(value: object) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>" if value is not None else "<c/>"

    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    return f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{body}</sheetData></worksheet>'


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    """The least that a spreadsheet is."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    names = list(sheets)
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relation}"><sheets>'
        + "".join(f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"/>' for i, name in enumerate(names, 1))
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(
            f'<Relationship Id="r{i}" Type="{relation}/worksheet" Target="worksheets/sheet{i}.xml"/>'
            for i in range(1, len(names) + 1)
        )
        + "</Relationships>",
        **{f"xl/worksheets/sheet{i}.xml": sheet(sheets[name]) for i, name in enumerate(names, 1)},
    }
    return archive_of(files, "zip")


TABLE: list[list[object]] = [["text", "label"], *([text, label] for text, label in zip(TEXTS, LABELS, strict=True))]


@pytest.mark.parametrize(
    "sheets",
    [
        {"Data": TABLE},
        {"About": [["Films, 2026"]], "Data": TABLE, "More": TABLE},
        {"Data": [["Films, 2026", None], [None, None], *TABLE, [None, None]]},
    ],
)
@pytest.mark.parametrize("name", ["f.xlsx", "f", "f.csv"])
def test_spreadsheets(tmp_path: Path, name: str, sheets: dict[str, list[list[object]]]) -> None:
    (tmp_path / name).write_bytes(workbook(sheets))
    dataset = load(tmp_path / name)
    assert_read(dataset)
    assert any("read from sheet 'Data'" in note for note in dataset.notes) == (len(sheets) > 1)


def test_a_spreadsheet_without_header_and_with_numbers(tmp_path: Path) -> None:
    (tmp_path / "f.xlsx").write_bytes(workbook({"Data": [[text, i % 2] for i, text in enumerate(TEXTS)]}))
    dataset = load(tmp_path / "f.xlsx", columns=Columns(label="column_2"))
    assert (dataset.texts, dataset.label_names) == (tuple(TEXTS), ("0", "1"))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (workbook({"Notes": [["no table"]], "Empty": []}), "has no sheet with a table .sheets 'Notes', 'Empty'"),
        (workbook({"Data": TABLE})[:-200], "cannot be read as a spreadsheet"),
        (b"no spreadsheet", "cannot be read as a spreadsheet"),
    ],
)
def test_spreadsheets_without_a_table_are_one_line(tmp_path: Path, raw: bytes, reason: str) -> None:
    (tmp_path / "f.xlsx").write_bytes(raw)
    with pytest.raises(InputError, match=reason) as caught:
        load(tmp_path / "f.xlsx")
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sound")
    for name, write in ARROW_WRITERS.items():
        write(NAMED, folder / name)
    return {
        **{name: (folder / name).read_bytes() for name in ARROW_WRITERS},
        **{f"f.csv{ending}": pack(CSV.encode() * 3) for ending, pack in PACKERS.items()},
        **{f"f.{kind}": archive_of(FILES, kind) for kind in ("zip", "tar", "tar.gz", "tar.zst")},
        "f.xlsx": workbook({"Data": TABLE}),
    }


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.binary(min_size=1, max_size=4))
@settings(
    deadline=None,
    max_examples=examples(300),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_damaged_file_loads_or_raises_one_line(
    tmp_path: Path, sound: dict[str, bytes], chosen: int, place: int, damage: bytes
) -> None:
    name = sorted(sound)[chosen % len(sound)]
    raw = sound[name]
    place %= len(raw)
    (tmp_path / name).write_bytes(raw[:place] + damage + raw[place + len(damage) :])
    try:
        assert len(load(tmp_path / name)) >= 2
    except InputError as error:
        assert "\n" not in str(error)


def test_help_and_messages_follow_the_registry() -> None:
    for reader in READERS:
        assert reader.name in known_formats()
        assert all(suffix in known_suffixes() for suffix in reader.suffixes)
    assert all(one.suffix in known_suffixes() for one in COMPRESSIONS)
