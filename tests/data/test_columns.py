from collections.abc import Sequence

import pytest

from tuner.data.reading.cleaning import dataset_of
from tuner.data.reading.columns import Columns, choose_columns
from tuner.data.reading.raw_table import RawTable
from tuner.data.text_dataset import Split
from tuner.errors import InputError

TEXTS = [f"a film that I saw, number {i}" for i in range(8)]
LABELS = ["pos", "neg"] * 4


def table(**columns: Sequence[object]) -> RawTable:
    return RawTable({name: list(cells) for name, cells in columns.items()}, "f")


@pytest.mark.parametrize(
    ("names", "text", "label"),
    [
        (["label", "text"], "text", "label"),
        (["Sentiment", "Review"], "Review", "Sentiment"),
        (["airline_sentiment", "tweet"], "tweet", "airline_sentiment"),
        (["Coarse Label", "question"], "question", "Coarse Label"),
        (["class_name", "clean_text"], "clean_text", "class_name"),
        (["foo", "bar"], "bar", "foo"),
        (["category", "title"], "title", "category"),
    ],
)
def test_columns_by_name_and_shape(names: list[str], text: str, label: str) -> None:
    choice = choose_columns(RawTable(dict(zip(names, [LABELS, TEXTS], strict=True)), "f"))
    assert (choice.text, choice.label) == ((text,), label)


def test_the_choice_and_the_other_candidates_are_said_aloud() -> None:
    choice = choose_columns(table(fine_label=LABELS, label=LABELS, title=TEXTS, text=TEXTS))
    assert (choice.text, choice.label) == (("text",), "label")
    assert choice.notes == (
        "f: text from column 'text' (also possible: 'title')",
        "f: label from column 'label' (also possible: 'fine_label')",
    )


def test_columns_of_a_published_file() -> None:
    columns = {
        "tweet_id": [str(5 * 10**17 + i) for i in range(8)],
        "airline_sentiment_confidence": ["1.0", "0.35"] * 4,
        "airline_sentiment": LABELS,
        "airline": ["Delta", "United"] * 4,
        "name": [f"user{i}" for i in range(8)],
        "text": TEXTS,
    }
    choice = choose_columns(table(**columns))
    assert (choice.text, choice.label) == (("text",), "airline_sentiment")


def test_by_shape_the_longest_strings_and_the_fewest_values() -> None:
    choice = choose_columns(table(id=range(8), a=LABELS, b=TEXTS, c=["x", "y", "z", "w"] * 2))
    assert (choice.text, choice.label) == (("b",), "a")
    assert choice.notes[1] == "f: label from column 'a', which has 2 distinct values (also possible: 'c')"


def test_a_label_name_on_a_measurement_is_passed_over() -> None:
    texts = [f"text {i}" for i in range(100)]
    choice = choose_columns(table(text=texts, score=[i / 7 for i in range(100)], topic=["a", "b"] * 50))
    assert choice.label == "topic"


def test_asked_columns_win() -> None:
    columns = table(text=TEXTS, label=LABELS, other=TEXTS, fine=LABELS)
    assert choose_columns(columns, Columns(("other",), "fine")).notes == ()


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (Columns(text=("x",)), "no column 'x' for the text: it has 'text', 'label'"),
        (Columns(label="x"), "no column 'x' for the label: it has 'text', 'label'"),
        (Columns(split="x"), "no column 'x' for the split: it has 'text', 'label'"),
        (Columns(("text",), "text"), "must be different columns. Received: 'text', 'text'"),
    ],
)
def test_asked_columns_that_do_not_fit(asked: Columns, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        choose_columns(table(text=TEXTS, label=LABELS), asked)


def test_the_given_split_is_recognised() -> None:
    parts = ["Train", "TRAIN", "train ", "valid", "dev", "val", "Test", "test"]
    dataset = dataset_of(table(text=TEXTS, label=LABELS, split=parts), name="d")
    assert dataset.split is not None
    assert dataset.split.tolist() == [Split.TRAIN] * 3 + [Split.VALIDATION] * 3 + [Split.TEST] * 2
    assert "f: given split taken from column 'split'" in dataset.notes


def test_a_split_column_with_other_values() -> None:
    columns = table(text=TEXTS, label=LABELS, split=["train"] * 7 + ["holdout"])
    assert "f: column 'split' not taken as a split, because it holds 'holdout'" in dataset_of(columns, name="d").notes
    with pytest.raises(InputError, match="row 8 of split column 'split' holds 'holdout': use train"):
        dataset_of(columns, Columns(split="split"), name="d")


def test_incomplete_rows_are_left_out_and_counted() -> None:
    texts = [*TEXTS, None, " ", "x", "y", "z"]
    labels = [*LABELS, "pos", "neg", None, float("nan"), " "]
    dataset = dataset_of(table(text=texts, label=labels), name="d")
    assert dataset.texts == tuple(TEXTS)
    assert dataset.notes[-1] == "f: left out 3 rows without label, 2 rows without text, of 13"


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ([10, 9, 10, 9, 2, 2], ("2", "9", "10")),
        ([1.0, 0.0] * 3, ("0", "1")),
        ([True, False] * 3, ("False", "True")),
        (["TRUE", "false", "False", "true"], ("False", "True")),
        ([["a"], ["b"]] * 3, ("a", "b")),
        (["['a']", "['b']"] * 3, ("a", "b")),
        (['["a"]', "{'b'}", "('a',)", "[b]"], ("a", "b")),
        (["1.0", "0", "1", "0.0", "1", "0"], ("0", "1")),
        ([" pos", "pos ", "neg", "neg", "b", "b"], ("b", "neg", "pos")),
        (["1.5", "-2"] * 3, ("-2", "1.5")),
    ],
)
def test_label_names(cells: list[object], names: tuple[str, ...]) -> None:
    dataset = dataset_of(table(text=TEXTS[: len(cells)], label=cells), name="d")
    assert dataset.label_names == names
    assert dataset.labels.dtype == "int32"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["pos"] * 8, "one class only, 'pos'"),
        ([None] * 8, "no row has both text"),
        ([{"a": 1}, "b"] * 4, "column 'label' holds a dict in row 1: name another with `label_column`"),
        ([[["a"]], ["b"]] * 4, "column 'label' holds a list in row 1: name another with `label_column`"),
        (
            [["a"], ["b"], [], ["b", "a"]] * 2,
            r"column 'label' holds more than one label in row 4, a list of 2 \('b', 'a'\): multi-label data",
        ),
        (["['a']", "['b']", "['b' 'a']", "[]"] * 2, r"more than one label in row 3, a list of 2 \('b', 'a'\)"),
        (['["a"]', '["b"]', '["b", "a"]'] * 2, r"more than one label in row 3, a list of 2"),
        (["a", "b", "a|b", "a"] * 2, r"more than one label in row 3, 'a\|b'"),
        (["a", "b", "b, a", "a"] * 2, r"more than one label in row 3, 'b, a'"),
    ],
)
def test_labels_that_do_not_do(cells: list[object], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        dataset_of(table(text=TEXTS[: len(cells)], label=cells), name="d")


def test_labels_that_are_measurements() -> None:
    columns = table(text=[f"text {i}" for i in range(100)], label=[i / 7 for i in range(100)])
    with pytest.raises(InputError, match="has 100 distinct values in 100 rows, so it is no class"):
        dataset_of(columns, name="d")


@pytest.mark.parametrize("columns", [table(text=TEXTS), table(a=range(8), b=range(8))])
def test_tables_without_text_or_label(columns: RawTable) -> None:
    with pytest.raises(InputError, match=r"a text and a label column are needed|no column of texts among"):
        dataset_of(columns, name="d")


def test_brackets_and_separators_in_single_labels_stay() -> None:
    cells = ["[deleted]", "kept", "kept, but edited", "(none)"] * 2
    names = dataset_of(table(text=TEXTS, label=cells), name="d").label_names
    assert names == ("(none)", "[deleted]", "kept", "kept, but edited")


def test_several_text_columns_are_joined_in_the_order_in_which_they_are_named() -> None:
    columns = table(body=["b1", "b2", None, " "], label=["x", "y"] * 2, title=["t1", None, "t3", None])
    dataset = dataset_of(columns, Columns(("title", "body")), name="d")
    assert dataset.texts == ("t1 b1", "b2", "t3")
    assert dataset.reading.text_columns == ("title", "body")
    assert dataset.notes[-1] == "f: left out 1 row without text, of 4"
    with pytest.raises(InputError, match="no column 'lead' for the text: it has 'body', 'label', 'title'"):
        dataset_of(columns, Columns(("title", "lead")), name="d")
    with pytest.raises(InputError, match=r"different columns\. Received: 'title', 'title'"):
        dataset_of(columns, Columns(("title", "title")), name="d")


def test_written_line_feeds_are_blanks() -> None:
    texts = [r"one\ntwo", r"one\r\n\ttwo", "plain", r"a \"quoted\" word"]
    dataset = dataset_of(table(text=texts, label=["x", "y"] * 2), name="d")
    assert dataset.texts == ("one two", "one two", "plain", r"a \"quoted\" word")
    assert r"f: column 'text': \n, \t and \r in 2 texts read as blanks" in dataset.notes


def test_backslashes_of_paths_formulas_and_line_ends_stay() -> None:
    texts = [r"C:\new\table\Users", r"$\nu + \theta = \alpha$", r"the top\women's team", r"maker of\the car"]
    assert dataset_of(table(text=texts, label=["x", "y"] * 2), name="d").texts == tuple(texts)


@pytest.mark.parametrize(
    ("columns", "label", "others"),
    [
        # A ticket system: the department is always there, its desk now and then.
        (
            {"Opened": ["2023-01-11", "2023-02-11"] * 4, "Department": list("abc") * 2 + ["a", "b"],
             "Sub-department": ["x", "y"] + [None] * 6, "Handled": ["closed"] * 8},
            "Department", "'Sub-department'",
        ),
        ({"Desk": list("ab") * 4, "Queue": list("abc") * 2 + ["a", None]}, "Desk", "'Queue'"),
        ({"Desk": ["a", None, "b", None] * 2, "Queue": list("abcd") * 2}, "Queue", "'Desk'"),
        ({"Sub-queue": list("ab") * 4, "Queue": list("abcd") * 2}, "Queue", "'Sub-queue'"),
        ({"author": list("ab") * 4, "class": list("abcd") * 2}, "class", "'author'"),
    ],
)  # fmt: skip
def test_the_label_that_people_mean_and_the_runner_up(
    columns: dict[str, list[object]], label: str, others: str
) -> None:
    choice = choose_columns(table(comment=TEXTS, **columns))
    assert choice.label == label
    assert choice.notes[-1].endswith(f"(also possible: {others})")


def test_only_rows_with_a_text_count_for_the_label() -> None:
    texts = [*TEXTS, *[None] * 8]
    choice = choose_columns(table(note=texts, rare=["x", "y"] * 4 + [None] * 8, common=list("abcd") * 4))
    assert choice.label == "rare"
