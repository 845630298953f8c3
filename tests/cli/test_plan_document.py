"""``search --dry-run --json``: how the data were understood."""

import json

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
    assert document["forecast"]["smallest"] > 0
    assert not (tmp_path / "runs").exists()
