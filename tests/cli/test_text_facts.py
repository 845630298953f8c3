"""Where each validation text stands in the user's files, however these are laid out, and what is known of its words."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from search_spaces.named import named_space
from tuner.data.pipeline import DataRequest
from tuner.errors import InputError
from tuner.operations.text_facts import text_facts
from tuner.search.prepare import prepare_again, prepare_search, with_same_folds
from tuner.search.request import SearchRequest
from tuner.search.schedulers.options import SchedulerOptions

COUNT = 60
TABLE = pd.DataFrame(
    {
        "text": [f"word number{number % 4} own{number}" + " good" * (number % 3) for number in range(COUNT)],
        "label": ["no" if number % 2 else "yes" for number in range(COUNT)],
        "source": ["web" if number % 3 else "mail" for number in range(COUNT)],
        "number": range(COUNT),
    }
)


def settings_of(source: Path, root: Path, *, folds: int | None = None, **data: object):
    request = DataRequest(str(source), root, 0, False, 1, 1000, 50, **{"validation_share": 0.4, **data})
    return prepare_search(
        SearchRequest(
            data=request, space=named_space("frontier"), trials=1, epochs=1, searcher="random", objective=None,
            warm_start=None, scheduler=SchedulerOptions("none"), patience=None, seed=0, max_params=None, time_budget=None,
            cpus_per_trial=1.0, gpus_per_trial=0.0, concurrency=1, address=None, name="rows", runs_dir=root, folds=folds,
        )
    ).settings  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_rows_count_from_1_without_the_header_and_with_what_is_left_out(tmp_path, kind):
    table = TABLE.copy()
    table.loc[[0, 7, 30], "text"] = None  # left out by the reader, and yet rows of the file
    table.loc[[11, 40], "text"] += '\nin two lines, says "one"'
    path = tmp_path / f"data.{kind}"
    {"csv": lambda: table.to_csv(path, index=False), "parquet": lambda: table.to_parquet(path),
     "jsonl": lambda: table.to_json(path, orient="records", lines=True)}[kind]()  # fmt: skip
    found = text_facts(settings_of(path, tmp_path))
    assert len(found) > 15
    assert table["text"].to_numpy()[found["row"] - 1].tolist() == found["text"].tolist()
    assert found["file"].unique().tolist() == [path.name]
    assert not found.attrs["has_gaps"]


def test_rows_of_a_share_without_rare_classes_are_those_of_the_whole_file(tmp_path):
    table = TABLE.copy()
    table.loc[[3, 33], "label"] = "rare"
    table.to_csv(tmp_path / "data.csv", index=False)
    found = text_facts(settings_of(tmp_path / "data.csv", tmp_path, fraction=0.7, min_class_count=5))
    assert table["text"].to_numpy()[found["row"] - 1].tolist() == found["text"].tolist()


def test_rows_that_cannot_be_read_are_told_of(tmp_path):
    lines = TABLE[["text", "label"]].to_csv(index=False).splitlines()
    lines[5] = '"broken'  # no second field
    (tmp_path / "data.csv").write_text("\n".join([*lines[:5], "a,b,c,d,e", *lines[6:]]) + "\n")
    found = text_facts(settings_of(tmp_path / "data.csv", tmp_path))
    assert found.attrs["has_gaps"]


def test_of_shards_and_parts_the_file_is_named(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    parts = {"train": TABLE[:30], "validation": TABLE[30:45], "test": TABLE[45:]}
    for name, part in parts.items():
        part.to_csv(folder / f"{name}.csv", index=False)
    found = text_facts(settings_of(folder, tmp_path))
    assert set(found["file"]) == {"validation.csv"}
    assert parts["validation"]["text"].to_numpy()[found["row"] - 1].tolist() == found["text"].tolist()


def test_of_files_of_one_text_the_file_is_the_place(tmp_path):
    folder = tmp_path / "data"
    for number, row in TABLE.iterrows():
        (folder / row["label"]).mkdir(parents=True, exist_ok=True)
        (folder / row["label"] / f"{number}.txt").write_text(row["text"])
    found = text_facts(settings_of(folder, tmp_path))
    assert (found["row"] == 1).all()
    assert [(folder / file).read_text() for file in found["file"]] == found["text"].tolist()


def test_words_are_all_of_a_text_and_unknown_is_a_share_of_those_read(tmp_path):
    rows = [*TABLE[["text", "label"]].to_numpy().tolist(), *[["!!! ...", "no"]] * 6]
    with (tmp_path / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *rows])
    settings = settings_of(tmp_path / "data.csv", tmp_path)
    found = text_facts(settings)
    without = found["words"] == 0
    assert found.loc[without, "unknown"].isna().all()
    own = found[~without]
    words = prepare_again(settings).vocabulary.ids
    expected = [np.mean([word not in words for word in text.split()]) for text in own["text"]]
    np.testing.assert_allclose(own["unknown"], expected)
    assert own["words"].tolist() == [len(text.split()) for text in own["text"]]
    fewer = text_facts(settings, known=3)
    assert (fewer.loc[~without, "unknown"] >= own["unknown"]).all()


def test_a_column_of_the_users_comes_along_and_one_that_is_not_there_names_the_near(tmp_path):
    TABLE.to_csv(tmp_path / "data.csv", index=False)
    settings = settings_of(tmp_path / "data.csv", tmp_path)
    found = text_facts(settings, column="source")
    assert found["by"].tolist() == TABLE["source"].to_numpy()[found["row"] - 1].tolist()
    with pytest.raises(InputError, match=r"the data have no such column; did you mean source\?"):
        text_facts(settings, column="sorce")


def test_with_folds_texts_come_in_the_order_of_the_folds_that_are_asked_for(tmp_path):
    TABLE.to_csv(tmp_path / "data.csv", index=False)
    settings = settings_of(tmp_path / "data.csv", tmp_path, folds=3)
    data = with_same_folds(prepare_again(settings), settings)
    found = text_facts(settings, (1, 3))
    labels = np.concatenate([data.encoded.of_fold(fold).validation.labels for fold in (1, 3)])
    assert TABLE["label"].to_numpy()[found["row"] - 1].tolist() == [settings.data.label_names[each] for each in labels]
    assert len(text_facts(settings, (1, 2, 3))) == settings.data.train + settings.data.validation
    assert found["unknown"].between(0, 1).all()
