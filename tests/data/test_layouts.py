"""Folders of files as people have them, and what a search makes of them."""

import csv
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tuner.data.reading.columns import Columns
from tuner.data.reading.file_names import part_in
from tuner.data.reading.loading import load_dataset
from tuner.data.text_dataset import Split, TextDataset
from tuner.errors import InputError

CLASSES = ("neg", "pos")
PARTS = {"train": Split.TRAIN, "validation": Split.VALIDATION, "test": Split.TEST}


def rows(part: str, count: int = 4) -> list[tuple[str, str]]:
    return [(f"{part} text {number}", CLASSES[number % 2]) for number in range(count)]


def write_csv(path: Path, table: list[tuple[str, ...]], header: tuple[str, ...] = ("text", "label")) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *table])


def write_parquet(path: Path, table: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts, labels = zip(*table, strict=True)
    pq.write_table(pa.table({"text": texts, "label": labels}), path)


def write_lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def load(folder: Path, **options: object) -> TextDataset:
    return load_dataset(str(folder), data_dir=folder, **options)


def said(dataset: TextDataset) -> str:
    return "\n".join(dataset.notes)


def assert_parts(dataset: TextDataset, parts: tuple[str, ...]) -> None:
    assert dataset.split is not None
    found = zip(dataset.split.tolist(), dataset.texts, strict=True)
    assert Counter(found) == Counter((PARTS[part], text) for part in parts for text, _ in rows(part))
    labels = dict(zip(dataset.texts, (dataset.label_names[label] for label in dataset.labels), strict=True))
    assert labels == {text: label for part in parts for text, label in rows(part)}


@pytest.mark.parametrize(
    "names",
    [
        ("train.csv", "valid.csv", "test.csv"),
        ("train.csv", "dev.csv", "test.csv"),
        ("reviews_train.csv", "reviews_val.csv", "reviews_test.csv"),
        ("TrainSet.csv", "DevSet.csv", "TestSet.csv"),
        ("Training.csv", "Validation.csv", "Testing.csv"),
        ("train/a.csv", "dev/a.csv", "test/a.csv"),
        ("news-train/a.csv", "news-validation/a.csv", "news-test/a.csv"),
        ("data/train.csv", "data/development.csv", "data/test.csv"),
    ],
)
def test_one_file_a_part_is_a_given_split(tmp_path: Path, names: tuple[str, ...]) -> None:
    for part, name in zip(PARTS, names, strict=True):
        write_csv(tmp_path / name, rows(part))
    (tmp_path / "README.md").write_text("# Reviews")
    assert_parts(load(tmp_path), ("train", "validation", "test"))


def test_without_a_part_for_validation_the_split_is_still_given_and_the_files_are_said(tmp_path: Path) -> None:
    for part in ("train", "test"):
        write_lines(tmp_path / f"{part}.jsonl", [json.dumps({"text": t, "label": c}) for t, c in rows(part)])
    (tmp_path / "notes.csv").write_text("a,b\nc,d\n")
    dataset = load(tmp_path)
    assert_parts(dataset, ("train", "test"))
    assert "train from 'train.jsonl', test from 'test.jsonl'" in said(dataset)
    assert "not read: 'notes.csv'" in said(dataset)


def test_shards_below_data_are_one_table_a_part(tmp_path: Path) -> None:
    for number, row in enumerate(rows("train")):
        write_parquet(tmp_path / f"data/train-{number:05}-of-00004.parquet", [row])
    write_parquet(tmp_path / "data/test-00000-of-00001.parquet", rows("test"))
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n")
    (tmp_path / ".gitattributes").write_text("x")
    dataset = load(tmp_path)
    assert_parts(dataset, ("train", "test"))
    assert "train from 4 files" in said(dataset)


@pytest.mark.parametrize("name", ["part-{:05}-ab1c.snappy.parquet", "films_{}.parquet", "films-{:05}-of-00004.parquet"])
def test_shards_without_a_part_are_one_table(tmp_path: Path, name: str) -> None:
    for number, row in enumerate(rows("train")):
        write_parquet(tmp_path / name.format(number), [row])
    (tmp_path / "_SUCCESS").write_text("")
    dataset = load(tmp_path)
    assert (len(dataset), dataset.split) == (4, None)


def test_folders_of_spark_name_a_column_and_its_value(tmp_path: Path) -> None:
    for label in CLASSES:
        write_lines(tmp_path / f"label={label}/part-0.jsonl", [json.dumps({"text": f"{label} {i}"}) for i in range(2)])
    dataset = load(tmp_path)
    assert sorted(dataset.texts) == ["neg 0", "neg 1", "pos 0", "pos 1"]
    assert all(
        text.startswith(dataset.label_names[label]) for text, label in zip(dataset.texts, dataset.labels, strict=True)
    )


@pytest.mark.parametrize(
    "names", ["{}.txt", "{}_reviews.txt", "rt-polarity.{}", "{}", "train/{}.txt", "{}.csv", "films/{}.csv"]
)
def test_one_file_a_class(tmp_path: Path, names: str) -> None:
    for label in CLASSES:
        path = tmp_path / names.format(label)
        if path.suffix == ".csv":
            write_csv(path, [(f"{label} text {i}", f"{i}") for i in range(3)], ("body", "id"))
        else:
            write_lines(path, [f"{label} text, it is {i}" for i in range(3)])
    dataset = load(tmp_path)
    assert dataset.label_names == CLASSES
    assert all(
        text.startswith(dataset.label_names[label]) for text, label in zip(dataset.texts, dataset.labels, strict=True)
    )
    assert len(dataset) == 6
    assert "one file a class: 'neg' from" in said(dataset)


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        ("train_text.txt", "train_labels.txt"),
        ("texts.txt", "labels.txt"),
        ("films.txt", "films.labels"),
        ("x_train.txt", "y_train.txt"),
    ],
)
def test_texts_and_labels_in_two_files(tmp_path: Path, texts: str, labels: str) -> None:
    write_lines(tmp_path / texts, [text for text, _ in rows("train")])
    write_lines(tmp_path / labels, [label for _, label in rows("train")])
    dataset = load(tmp_path)
    assert [
        (text, dataset.label_names[label]) for text, label in zip(dataset.texts, dataset.labels, strict=True)
    ] == rows("train")
    assert f"texts from '{texts}', their labels from '{labels}'" in said(dataset)


def test_texts_and_labels_in_two_files_a_part(tmp_path: Path) -> None:
    for part, name in (("train", "train"), ("validation", "val"), ("test", "test")):
        write_lines(tmp_path / f"{name}_text.txt", [text for text, _ in rows(part)])
        write_lines(tmp_path / f"{name}_labels.txt", [label for _, label in rows(part)])
    (tmp_path / "mapping.txt").write_text("0\tneg\n1\tpos\n")
    dataset = load(tmp_path)
    assert_parts(dataset, ("train", "validation", "test"))
    assert "not read: 'mapping.txt'" in said(dataset)


def test_texts_and_labels_of_different_lengths_are_refused(tmp_path: Path) -> None:
    write_lines(tmp_path / "texts.txt", ["a", "b", "c"])
    write_lines(tmp_path / "labels.txt", ["x", "y"])
    with pytest.raises(InputError, match=r"'texts.txt' has 3 lines, 'labels.txt' 2: a label on the same line"):
        load(tmp_path)


def test_a_file_without_labels_is_left_out_with_a_count(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "train.csv", [(f"{i}", *row) for i, row in enumerate(rows("train"))], ("id", "excerpt", "author")
    )
    write_csv(tmp_path / "test.csv", [(f"{i}", f"unknown {i}") for i in range(3)], ("id", "excerpt"))
    write_csv(tmp_path / "sample_submission.csv", [("0", "0.5", "0.5")], ("id", "neg", "pos"))
    dataset = load(tmp_path)
    assert (len(dataset), dataset.split) == (4, None)
    assert "'test.csv': left out 3 rows, it has no label column 'author'" in said(dataset)
    assert "not read: 'sample_submission.csv'" in said(dataset)
    assert (dataset.reading.rows_read, dataset.reading.left_out) == (7, {"without label": 3})


def test_rows_without_labels_are_left_out_with_a_count(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", rows("train"))
    write_csv(tmp_path / "test.csv", [*rows("test"), ("no label", "")])
    dataset = load(tmp_path)
    assert_parts(dataset, ("train", "test"))
    assert dataset.reading.left_out == {"without label": 1}


def test_columns_that_differ_in_capitals_are_the_same(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", rows("train"))
    write_csv(tmp_path / "test.csv", rows("test"), ("Text", "LABEL"))
    assert_parts(load(tmp_path), ("train", "test"))


def test_a_label_column_by_another_name_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", rows("train"))
    write_csv(tmp_path / "test.csv", rows("test"), ("text", "sentiment"))
    with pytest.raises(
        InputError, match=r"'test.csv' has no column 'label', which 'train.csv' has: .* name the columns alike"
    ):
        load(tmp_path)


def test_the_same_parts_in_two_formats_are_read_once(tmp_path: Path) -> None:
    for part in PARTS:
        write_csv(tmp_path / f"{part}.csv", rows(part))
        write_parquet(tmp_path / f"{part}.parquet", rows(part))
    assert_parts(load(tmp_path), ("train", "validation", "test"))


def test_the_whole_part_is_read_beside_a_small_one(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", rows("train"))
    write_csv(tmp_path / "train_small.csv", rows("train", 2))
    write_csv(tmp_path / "test.csv", rows("test"))
    dataset = load(tmp_path)
    assert_parts(dataset, ("train", "test"))
    assert "not read: 'train_small.csv'" in said(dataset)


def test_tables_with_a_label_are_read_together(tmp_path: Path) -> None:
    write_csv(tmp_path / "amazon.csv", rows("a"))
    write_csv(tmp_path / "yelp.csv", rows("b"))
    dataset = load(tmp_path)
    assert len(dataset) == 8
    assert "the rows of 'amazon.csv', 'yelp.csv' together" in said(dataset)


def test_tables_without_header_are_read_together_by_the_labels_that_they_share(tmp_path: Path) -> None:
    for name in ("amazon", "yelp"):
        write_lines(tmp_path / f"{name}_labelled.txt", [f"{text}\t{label}" for text, label in rows(name, 8)])
    (tmp_path / "readme.txt").write_text("Sentences, and what they say")
    dataset = load(tmp_path)
    assert (len(dataset), dataset.label_names) == (16, CLASSES)


def test_the_first_shard_alone_may_have_the_header(tmp_path: Path) -> None:
    write_csv(tmp_path / "films_0.csv", rows("a"))
    write_lines(tmp_path / "films_1.csv", [",".join(row) for row in rows("b")])
    (tmp_path / "films_2.csv").write_text("")
    dataset = load(tmp_path)
    assert dataset.texts == tuple(text for name in "ab" for text, _ in rows(name))
    assert "not read: 'films_2.csv'" in said(dataset)


def test_shards_without_rows_do_no_harm(tmp_path: Path) -> None:
    write_parquet(tmp_path / "part-00000.parquet", rows("a"))
    empty = pa.table({"text": pa.array([], pa.string()), "label": pa.array([], pa.string())})
    pq.write_table(empty, tmp_path / "part-00001.parquet")
    assert len(load(tmp_path)) == 4


@pytest.mark.parametrize("names", ["{}.{}", "{}_{}.txt", "{}/{}.txt"])
def test_one_file_a_part_and_class(tmp_path: Path, names: str) -> None:
    for part in PARTS:
        for label in CLASSES:
            write_lines(tmp_path / names.format(part, label), [text for text, own in rows(part) if own == label])
    assert_parts(load(tmp_path), tuple(PARTS))


def test_a_single_folder_is_gone_into(tmp_path: Path) -> None:
    write_csv(tmp_path / "films/v2/train.csv", rows("train"))
    write_csv(tmp_path / "films/v2/test.csv", rows("test"))
    (tmp_path / "notes.txt").write_text("made by me\nand others")
    dataset = load(tmp_path)
    assert_parts(dataset, ("train", "test"))
    assert "not read: 'notes.txt'" in said(dataset)


def test_folders_of_tables_are_told_from_classes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_parquet(tmp_path / name / "0.parquet", rows("train"))
    with pytest.raises(InputError, match=r"has the folders 'first', 'second' with tables: give one with `data`"):
        load(tmp_path)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for label in ("train", "plane", "bus"):
        for number in range(2):
            write_lines(tmp_path / label / f"{number}.txt", [f"{label} {number}"])
    assert load(tmp_path).label_names == ("bus", "plane", "train")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("train-00000-of-00002.parquet", Split.TRAIN),
        ("imdb.dev.jsonl", Split.VALIDATION),
        ("testset", Split.TEST),
        ("NewsTrain.csv", Split.TRAIN),
        ("train_test.csv", None),
        ("contest.csv", None),
        ("sample_submission.csv", None),
    ],
)
def test_parts_are_words_of_names(name: str, part: Split | None) -> None:
    assert part_in(name) is part


def test_a_pattern_stands_for_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in PARTS:
        write_csv(tmp_path / f"{part}.csv", rows(part))
    write_lines(tmp_path / "other.jsonl", [json.dumps({"text": t, "label": c}) for t, c in rows("other")])
    monkeypatch.chdir(tmp_path)
    for pattern in ("*.csv", str(tmp_path / "t*.csv")):
        assert_parts(
            load_dataset(pattern, data_dir=tmp_path), tuple(PARTS) if pattern == "*.csv" else ("train", "test")
        )
    assert len(load_dataset("o*.jsonl", data_dir=tmp_path)) == 4
    with pytest.raises(InputError, match="no data under"):
        load_dataset("*.parquet", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("flags", "split"),
    [
        ({"is_valid": "True False False False"}, "1 0 0 0"),
        ({"is_valid": "0 0 1 0", "is_test": "0 0 0 1"}, "0 0 1 2"),
        ({"Is Test": "no yes no no"}, "0 2 0 0"),
        ({"is_train": "1 1 0 1"}, "0 0 2 0"),
        ({"is_valid": "1 2 3 4"}, None),
    ],
)
def test_columns_of_truth_values_are_a_split(tmp_path: Path, flags: dict[str, str], split: str | None) -> None:
    table = list(zip(*zip(*rows("train"), strict=True), *(cells.split() for cells in flags.values()), strict=True))
    write_csv(tmp_path / "f.csv", table, ("text", "label", *flags))
    dataset = load(tmp_path / "f.csv")
    assert (dataset.split is None) == (split is None)
    if split is not None and dataset.split is not None:
        assert dataset.split.tolist() == [int(part) for part in split.split()]
        assert "is true" in said(dataset)


def test_a_column_of_truth_values_may_be_asked_for(tmp_path: Path) -> None:
    table = [(*row, str(i == 3), str(i == 0)) for i, row in enumerate(rows("train"))]
    write_csv(tmp_path / "f.csv", table, ("text", "label", "is_valid", "is_test"))
    dataset = load_dataset(str(tmp_path / "f.csv"), Columns(split="is_test"), data_dir=tmp_path)
    assert dataset.split is not None
    assert dataset.split.tolist() == [2, 0, 0, 0]


def test_parts_that_lie_apart(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", rows("train"))
    write_parquet(tmp_path / "b.parquet", rows("validation"))
    write_csv(tmp_path / "c.csv", rows("test"))
    dataset = load(tmp_path / "a.csv", validation_data=str(tmp_path / "b.parquet"), test_data=str(tmp_path / "c.csv"))
    assert_parts(dataset, ("train", "validation", "test"))
    assert_parts(load(tmp_path / "a.csv", test_data=str(tmp_path / "c.csv")), ("train", "test"))


def test_a_part_that_lies_apart_joins_a_given_split(tmp_path: Path) -> None:
    table = [(*row, part) for part in ("train", "validation") for row in rows(part)]
    write_csv(tmp_path / "a.csv", table, ("text", "label", "split"))
    write_csv(tmp_path / "c.csv", rows("test"))
    assert_parts(load(tmp_path / "a.csv", test_data=str(tmp_path / "c.csv")), ("train", "validation", "test"))
    with pytest.raises(
        InputError, match=r"^validation_data: 'a.csv' has a validation split already; leave the option out"
    ):
        load(tmp_path / "a.csv", validation_data=str(tmp_path / "c.csv"))


def test_a_part_that_lies_apart_needs_the_columns(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", rows("train"))
    write_csv(tmp_path / "c.csv", [(text, text) for text, _ in rows("test")], ("text", "id"))
    with pytest.raises(InputError, match=r"'c.csv' has no column 'label', which 'a.csv' has"):
        load(tmp_path / "a.csv", test_data=str(tmp_path / "c.csv"))
    with pytest.raises(InputError, match=r"^no data under .*nothing.csv"):
        load(tmp_path / "a.csv", test_data=str(tmp_path / "nothing.csv"))
