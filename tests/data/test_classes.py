import pytest

from tuner.data.classes import drop_rare_classes, join_capitals
from tuner.data.text_dataset import Split, make_dataset
from tuner.errors import InputError

LABELS = ["neg", "Neg", "neg", "POS", "pos", "pos", "mid"]
DATASET = make_dataset("d", [f"text {i}" for i in range(7)], LABELS, split=[Split.TRAIN] * 6 + [Split.TEST])


def named(dataset):
    return [dataset.label_names[label] for label in dataset.labels]


def test_labels_that_differ_in_capitals_are_said():
    dataset = join_capitals(DATASET, fold=False)
    assert named(dataset) == LABELS
    assert dataset.notes == (
        "labels that differ in capitals only are classes of their own: 'neg', 'Neg'; 'pos', 'POS'; `fold_labels` joins them",
    )


def test_labels_that_differ_in_capitals_are_joined_under_the_most_frequent_spelling():
    dataset = join_capitals(DATASET, fold=True)
    assert named(dataset) == ["neg"] * 3 + ["pos"] * 3 + ["mid"]
    assert dataset.notes == ("labels that differ in capitals only are joined: 'neg', 'Neg'; 'pos', 'POS'",)
    assert dataset.split.tolist() == DATASET.split.tolist()
    assert dataset.fingerprint != DATASET.fingerprint


def test_where_no_labels_are_alike_nothing_changes():
    dataset = make_dataset("d", ["x", "y"], ["a", "b"])
    assert join_capitals(dataset, fold=True) is dataset
    assert drop_rare_classes(dataset, minimum=1) is dataset


def test_rare_classes_are_left_out_and_counted():
    dataset = drop_rare_classes(DATASET, minimum=2)
    assert named(dataset) == ["neg", "neg", "pos", "pos"]
    assert dataset.texts == ("text 0", "text 2", "text 4", "text 5")
    assert dataset.notes == ("left out 3 rows of 3 classes with fewer than 2 examples: 'Neg', 'POS', 'mid'",)
    assert dataset.reading.left_out == {"of a class with fewer than 2 examples": 3}


def test_two_classes_have_to_be_left():
    with pytest.raises(InputError, match="0 of the 5 classes of d have 3 examples, and two are needed; lower"):
        drop_rare_classes(DATASET, minimum=3)
