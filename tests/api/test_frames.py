"""Data in memory: what is taken, and what is refused by the name of the parameter."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tuner.api.frames import in_memory
from tuner.errors import InputError
from tuner.runs.folder import RunFolder
from tuner.runs.location import remote_folder

FRAME = pd.DataFrame({"review": ["good", "bad", "fine"], "stars": [5, 1, 4]})


def taken(data=None, text=None, label=None, **parts):
    return in_memory(data, text=text, label=label, parts={"train": None, "validation": None, "test": None, **parts})


class Dataset:
    """As of the Hugging Face library: a table with features, of which some are classes by number."""

    def __init__(self, frame, **names):
        self._frame = frame
        self.features = {name: SimpleNamespace() for name in frame} | {
            name: SimpleNamespace(names=classes) for name, classes in names.items()
        }

    def to_pandas(self):
        return self._frame


def test_a_path_a_name_and_nothing_are_not_in_memory():
    assert taken("reviews.csv") is taken(None) is None


def test_a_frame_is_taken_as_it_is():
    found = taken(FRAME, text="review", label="stars")
    assert found.frames["data"].equals(FRAME)
    assert found.columns == {"text_column": ("review",), "label_column": "stars"}
    assert taken(FRAME).columns == {"text_column": None, "label_column": None}  # found as in a file
    assert taken(FRAME, text=["review", "stars"]).columns["text_column"] == ("review", "stars")


def test_lists_of_texts_and_labels():
    found = taken(["good", "bad"], label=np.array([1, 0]))
    assert found.frames["data"].to_dict("list") == {"text": ["good", "bad"], "label": [1, 0]}


def test_a_dataset_has_the_names_of_its_classes():
    data = Dataset(pd.DataFrame({"text": ["a", "b", "c"], "label": [1, 0, -1]}), label=["neg", "pos"])
    assert taken(data).frames["data"]["label"].fillna("").tolist() == ["pos", "neg", ""]


def test_parts_go_to_files_of_their_own(tmp_path):
    splits = {"train": Dataset(FRAME), "test": Dataset(FRAME.head(1))}
    for found in (taken(splits), taken(train=FRAME, test=FRAME.head(1))):
        assert sorted(found.frames) == ["data", "test_data"]
        with found.files(RunFolder(tmp_path / "runs" / "mine")) as paths:
            assert {option: path.name for option, path in paths.items()} == {
                "data": "train.parquet", "test_data": "test.parquet",
            }  # fmt: skip
            assert pd.read_parquet(paths["data"]).equals(FRAME)
        assert not any(path.exists() for path in paths.values())
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": FRAME, "text": "revew"}, "text='revew': data has no such column; did you mean 'review'?"),
        ({"data": FRAME, "label": "x"}, "label='x': data has no such column; there are 'review', 'stars'"),
        (
            {"data": FRAME.assign(stars=[5, "one", 4]), "label": "stars"},
            "label='stars': has labels of several types ('int', 'str'); make them one, for instance with .astype(str)",
        ),
        ({"data": ["a", "b"]}, "label: is missing; beside a list of texts give a list of their labels"),
        ({"data": ["a", "b"], "label": ["x"]}, "data has 2 texts and `label` 1 labels; give one for each text"),
        ({"data": ["a", 3], "label": ["x", "y"]}, "data: holds 3, which is no text; give strings"),
        ({"data": 7}, "data: is a int; give a pandas DataFrame, a list of texts with `label` a list of labels"),
        ({"train": FRAME, "test": FRAME.head(0)}, "test: is empty; leave it out, or give texts"),
        ({"test": FRAME}, "train: is missing beside the other splits; give the texts to train on"),
        ({"data": FRAME, "train": FRAME}, "data: is given beside 'train', which are the data; leave it out"),
        ({"data": {"all": FRAME}}, "data: has the splits 'all'; name them train, validation and test"),
    ],
)
def test_what_cannot_be_read_is_one_line(arguments, message):
    with pytest.raises(InputError) as error:
        taken(**arguments)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_column_that_no_file_can_hold(tmp_path):
    found = taken(FRAME.assign(what=[object(), {1}, "a"]))
    with (
        pytest.raises(InputError, match="data: cannot be written as Parquet"),
        found.files(RunFolder(tmp_path / "mine")),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_object_storage_is_refused():
    place = Path("s3://bucket/runs/mine")
    files = taken(FRAME).files(RunFolder(place, remote_folder(place)))
    with pytest.raises(InputError, match="data in memory are kept with a run in a folder"):
        files.__enter__()
