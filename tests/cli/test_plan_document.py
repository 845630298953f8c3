"""``search --dry-run --json``: how the data were understood."""

import json

import pytest

from tuner.cli.main import run


def test_the_document_says_how_the_data_were_read(tmp_path, capsys):
    rows = ["review;verdict"]
    rows += [f"word{number % 7} good {number};pos" for number in range(60)]
    rows += [f"word{number % 5} bad {number};neg" for number in range(40)]
    rows += ["without a label;"]
    (tmp_path / "d.csv").write_text("\n".join(rows), encoding="utf-8")
    options = ["--data", str(tmp_path / "d.csv"), "--runs-dir", str(tmp_path / "runs")]
    assert run(["search", *options, "--dry-run", "--json"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    document = json.loads(shown.out)
    data = document["data"]
    assert (data["format"], data["encoding"], data["delimiter"]) == ("CSV", "UTF-8", ";")
    assert (data["text_columns"], data["label_column"], data["split_column"]) == (["review"], "verdict", None)
    assert (data["rows_read"], data["left_out"]) == (101, [{"reason": "without label", "count": 1}])
    assert (data["texts"], data["classes"], data["majority_share"]) == (100, {"neg": 40, "pos": 60}, 0.6)
    assert {name: part["texts"] for name, part in data["parts"].items()} == {"train": 70, "validation": 10, "test": 20}
    assert data["tokens"] == {"median": 3.0, "longest": 3, "limit": 400, "texts_cut": 0}
    assert len(data["examples"]) == 6
    assert any("semicolon" in note for note in document["notes"])
    expected = document["forecast"]
    assert 0 < expected["smallest"] <= expected["median"] <= expected["largest"]
    assert 0 < expected["low"] < expected["seconds"] < expected["high"]
    assert not (tmp_path / "runs").exists()


@pytest.fixture
def document(tmp_path, capsys, monkeypatch):
    """Returns what a dry run prints as JSON on rows of text, note and label."""
    monkeypatch.chdir(tmp_path)

    def printed(rows, *options):
        (tmp_path / "d.csv").write_text("\n".join(["title,body,label", *rows]), encoding="utf-8")
        assert run(["search", "--data", "d.csv", "--runs-dir", "runs", "--dry-run", "--json", *options]) == 0
        return json.loads(capsys.readouterr().out)

    return printed


ROWS = [f"head {i},good {i} day,{'Pos' if i % 2 else 'neg'}" for i in range(60)]


@pytest.mark.parametrize(
    ("config", "columns"), [("text-column: body", ["body"]), ("text-column: [title, body]", ["title", "body"])]
)
def test_a_config_file_names_one_text_column_or_several(document, tmp_path, config, columns):
    (tmp_path / "c.yaml").write_text(config)
    data = document(ROWS, "--config", "c.yaml")["data"]
    assert data["text_columns"] == columns
    assert data["examples"][0] == ("head 0 good 0 day" if len(columns) == 2 else "good 0 day")


def test_rare_classes_that_are_left_out_are_counted_among_the_rows_read(document):
    data = document([*ROWS, "a,b,odd", "a,c,pos", "a,d,pos"], "--drop-rare", "--fold-labels")["data"]
    assert data["classes"] == {"Pos": 32, "neg": 30}
    assert (data["rows_read"], data["texts"]) == (63, 62)
    assert data["left_out"] == [{"reason": "of a class with fewer than 2 examples", "count": 1}]


def test_a_class_with_one_example_names_the_options_that_leave_it_out(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text("\n".join(["title,body,label", *ROWS, "a,b,odd"]), encoding="utf-8")
    assert run(["search", "--data", "d.csv", "--dry-run"]) == 2
    message = capsys.readouterr().err
    assert message == (
        "error: class 'odd' of column 'label' of d has one example, and two are needed where no split is given, to train and "
        "to validate: add examples, or leave such classes out with --drop-rare\n"
    )


def test_folds_are_told_and_that_given_validation_texts_are_folded_in(document, tmp_path):
    plan = document(ROWS, "--folds", "3")
    folds = plan["data"]["folds"]
    parts = plan["data"]["parts"]
    assert sum(fold["texts"] for fold in folds) == parts["train"]["texts"] + parts["validation"]["texts"]
    assert all(min(fold["classes"].values()) > 0 for fold in folds)
    assert not [note for note in plan["notes"] if "folded" in note]
    assert "folds" not in document(ROWS)["data"]
    (tmp_path / "valid.csv").write_text("\n".join(["title,body,label", *ROWS]).replace("day", "week"), encoding="utf-8")
    given = document(ROWS, "--folds", "3", "--validation-data", "valid.csv")
    assert "the given training and validation texts are folded together (--folds)" in given["notes"]
