from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.data.reading.loading import load_dataset
from tuner.data.splits import Splits, split_rows
from tuner.data.text_dataset import Split, TextDataset, make_dataset
from tuner.errors import InputError


def sides(dataset: TextDataset, splits: Splits) -> list[set[str]]:
    return [{dataset.texts[row].strip() for row in part} for part in (splits.train, splits.validation, splits.test)]


def plain(rows: int, labels: Sequence[str] = ("a", "b")) -> TextDataset:
    return make_dataset("d", [f"text {i}" for i in range(rows)], [labels[i % len(labels)] for i in range(rows)])


def test_seventy_ten_twenty_by_class() -> None:
    dataset = make_dataset("d", [f"text {i}" for i in range(1000)], ["a"] * 900 + ["b"] * 100)
    splits = split_rows(dataset, seed=3)
    for part, count in ((splits.train, 700), (splits.validation, 100), (splits.test, 200)):
        assert part.dtype == np.int64
        assert np.bincount(dataset.labels[part]).tolist() == [0.9 * count, 0.1 * count]
        assert (np.diff(part) > 0).all()


def test_the_seed_decides() -> None:
    dataset = plain(100)
    first, again, other = (split_rows(dataset, seed=seed) for seed in (1, 1, 2))
    assert first.test.tolist() == again.test.tolist() != other.test.tolist()


def test_the_split_of_a_seed_never_changes() -> None:
    assert split_rows(plain(20), seed=0).test.tolist() == [4, 7, 12, 19]


@st.composite
def datasets(draw: st.DrawFn) -> TextDataset:
    texts = draw(st.lists(st.sampled_from([f"t{i}" for i in range(40)] + [" t1", "t2\n"]), min_size=6, max_size=80))
    # The text decides on the label, so that no text has two.
    classes = draw(st.integers(2, 4))
    labels = [str(int(text.strip()[1:]) % classes) for text in texts]
    keep = [i for i, label in enumerate(labels) if labels.count(label) > 1]
    return make_dataset("d", [texts[i] for i in keep], [labels[i] for i in keep])


def is_divisible(dataset: TextDataset) -> bool:
    """Tell whether some class has three texts that occur once: one for every part."""
    once = Counter(text.strip() for text in dataset.texts)
    rows = zip(dataset.texts, dataset.labels.tolist(), strict=True)
    labels = [label for text, label in rows if once[text.strip()] == 1]
    return max(Counter(labels).values(), default=0) >= 3


@given(datasets(), st.integers(0, 9))
def test_parts_are_disjoint_cover_and_share_no_text(dataset: TextDataset, seed: int) -> None:
    try:
        splits = split_rows(dataset, seed=seed)
    except InputError:
        splits = None
    if splits is None:
        assert not is_divisible(dataset)
        return
    assert sorted(np.concatenate([splits.train, splits.validation, splits.test]).tolist()) == list(range(len(dataset)))
    train, validation, test = sides(dataset, splits)
    assert (train & validation) | (train & test) | (validation & test) == set()
    for label in range(len(dataset.label_names)):
        rows = np.flatnonzero(dataset.labels == label)
        distinct = [dataset.texts[row].strip() for row in rows]
        largest = max((distinct.count(text) for text in distinct), default=0)
        if len(set(distinct)) >= 2:
            assert label in dataset.labels[splits.train]
            assert label in dataset.labels[splits.validation]
        for part, share in ((splits.validation, 0.1), (splits.test, 0.2)):
            got = int((dataset.labels[part] == label).sum())
            assert abs(got - share * len(rows)) <= max(1, largest)


def test_identical_texts_move_together_and_conflicts_are_counted() -> None:
    texts = [f"text {i % 50}" for i in range(100)]
    labels = ["a", "b"] * 50
    labels[0], labels[50] = "a", "b"
    splits = split_rows(make_dataset("d", texts, labels), seed=0)
    assert "texts that occur before: 50 rows; identical texts stay on one side" in splits.notes
    assert "texts with more than one label: 1" in splits.notes
    assert len(splits.train) + len(splits.validation) + len(splits.test) == 100


def test_a_class_of_one_text_is_said_aloud() -> None:
    dataset = make_dataset("d", [f"text {i}" for i in range(30)] + ["same", "same"], ["a"] * 30 + ["b"] * 2)
    splits = split_rows(dataset, seed=0)
    assert "no validation row of 'b': too few distinct texts, or none given" in splits.notes


def given_split(parts: Sequence[Split], texts: Sequence[str] | None = None) -> TextDataset:
    texts = texts or [f"text {i}" for i in range(len(parts))]
    return make_dataset("d", texts, [("a", "b")[i % 2] for i in range(len(parts))], split=parts)


def test_a_given_split_is_used_as_it_is() -> None:
    dataset = given_split([Split.TRAIN] * 6 + [Split.VALIDATION] * 2 + [Split.TEST] * 2)
    splits = split_rows(dataset, seed=0)
    assert [part.tolist() for part in (splits.train, splits.validation, splits.test)] == [
        [0, 1, 2, 3, 4, 5],
        [6, 7],
        [8, 9],
    ]


@pytest.mark.parametrize(
    ("parts", "sizes", "missing"),
    [
        ([Split.TRAIN] * 800 + [Split.TEST] * 200, (700, 100, 200), "validation set"),
        ([Split.TRAIN] * 900 + [Split.VALIDATION] * 100, (700, 100, 200), "test set"),
        ([Split.TRAIN] * 1000, (700, 100, 200), "validation and test set"),
    ],
)
def test_a_missing_part_is_drawn_from_training(parts: list[Split], sizes: tuple[int, int, int], missing: str) -> None:
    splits = split_rows(given_split(parts), seed=0)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == sizes
    assert f"the given split has no {missing}: drawn from its training rows, by class" in splits.notes


def test_texts_of_later_parts_leave_the_earlier_ones() -> None:
    texts = ["s1", "s2", "v1", "c", "d", "e", "s1 ", "v1", "v2", "v3", "s1", "s2"]
    parts = [Split.TRAIN] * 6 + [Split.VALIDATION] * 4 + [Split.TEST] * 2
    splits = split_rows(given_split(parts, texts), seed=0)
    assert (splits.train.tolist(), splits.validation.tolist(), splits.test.tolist()) == ([3, 4, 5], [7, 8, 9], [10, 11])
    for said in (
        "2 training rows left out, because the same text stands in the test set",
        "1 validation row left out, because the same text stands in the test set",
        "1 training row left out, because the same text stands in the validation set",
    ):
        assert said in splits.notes


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        (given_split([Split.TEST] * 4), "leaves no row for training"),
        (
            make_dataset("d", ["x", "y", "z"], ["a", "a", "b"]),
            "class 'b' of column 'label' of d has one example, and two",
        ),
        (
            make_dataset("d", ["x", "y", "z", "w"], ["a", "a", "b", "c"]),
            r"class 'b' .* has one example \(and 1 other class\).*: add examples, or leave such classes out with `drop_rare`",
        ),
        (make_dataset("d", ["x", "x", "y", "y"], ["a", "a", "b", "b"]), "leaves no row for validation"),
    ],
)
def test_data_that_cannot_be_split(dataset: TextDataset, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        split_rows(dataset, seed=0)


@pytest.mark.parametrize(
    ("seed", "validation", "test"), [(-1, 0.1, 0.2), (0, 0.0, 0.2), (0, 0.5, 0.5), (0, float("nan"), 0.2)]
)
def test_settings_out_of_range(seed: int, validation: float, test: float) -> None:
    with pytest.raises(InputError, match="Received"):
        split_rows(plain(20), seed=seed, validation=validation, test=test)


def test_a_repeated_text_counts_for_the_class_that_most_of_its_rows_have() -> None:
    texts = ["love it"] * 22 + [f"text {i}" for i in range(800)]
    labels = ["4"] + ["5"] * 18 + ["4"] * 3 + ["4"] * 150 + ["5"] * 650
    dataset = make_dataset("d", texts, labels)
    for seed in range(20):
        splits = split_rows(dataset, seed=seed)
        whole = float((dataset.labels == 1).mean())
        for part in (splits.train, splits.validation, splits.test):
            assert abs(float((dataset.labels[part] == 1).mean()) - whole) < 0.06


@pytest.mark.parametrize(("by_majority", "test"), [(True, [3, 7, 12, 18]), (False, [5, 12, 13, 18])])
def test_the_split_of_earlier_runs_can_be_drawn_again(by_majority: bool, test: list[int]) -> None:
    texts = ["same"] * 3 + [f"text {i}" for i in range(17)]
    dataset = make_dataset("d", texts, ["a", "b", "b"] + ["a", "b"] * 8 + ["a"])
    assert split_rows(dataset, seed=3, by_majority=by_majority).test.tolist() == test


def test_a_class_with_one_example_stays_where_a_given_split_puts_it() -> None:
    texts = [f"text {i}" for i in range(41)]
    labels = [*("a", "b") * 20, "odd"]
    for parts in (
        [Split.TRAIN] * 20 + [Split.VALIDATION] * 10 + [Split.TEST] * 10 + [Split.TRAIN],
        [Split.TRAIN] * 30 + [Split.TEST] * 10 + [Split.TRAIN],
    ):
        splits = split_rows(make_dataset("d", texts, labels, split=parts), seed=0)
        assert 40 in splits.train
        assert "classes with one example, which stays where the given split puts it: 'odd'" in splits.notes


def test_a_part_with_other_shares_says_so() -> None:
    texts = [f"text {i}" for i in range(200)]
    parts = [Split.TRAIN] * 120 + [Split.VALIDATION] * 40 + [Split.TEST] * 40
    labels = ["a", "b"] * 60 + ["a"] * 38 + ["b"] * 2 + ["a", "b"] * 20
    notes = split_rows(make_dataset("d", texts, labels, split=parts), seed=0).notes
    assert [note for note in notes if "differ" in note] == [
        "the shares of the validation set differ from those of all texts: 'a' 95.0%, 59% of all texts; "
        "'b' 5.0%, 41% of all texts"
    ]
    assert not [note for note in split_rows(plain(200), seed=0).notes if "differ" in note]


def test_imdb_keeps_its_test_part(shared_data: Path) -> None:
    dataset = load_dataset("imdb", data_dir=shared_data)
    splits = split_rows(dataset, seed=0)
    assert splits.test.tolist() == list(range(25_000, 50_000))
    assert "123 training rows left out, because the same text stands in the test set" in splits.notes
    train, validation, test = sides(dataset, splits)
    assert (train & validation) | (train & test) | (validation & test) == set()
