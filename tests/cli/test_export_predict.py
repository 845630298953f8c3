"""``tuner export``, ``tuner predict`` and ``tuner explain`` as a user meets them."""

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tuner.cli.main import run

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(run_path, tmp_path_factory):
    """The frontier of a run, exported; the model of its most accurate trial is what the tests predict with."""
    out = tmp_path_factory.mktemp("models") / "frontier"
    assert run(["export", str(run_path), "--trial", "frontier", "--out", str(out)]) == 0
    return out / "00000"


@pytest.mark.tensorflow
def test_a_frontier_has_an_index(model):
    index = (model.parent / "README.md").read_text()
    assert [line.split("]")[0][3:] for line in index.splitlines() if line.startswith("| [")] == [
        "00005",
        "00003",
        "00000",
    ]
    for trial in ("00005", "00003", "00000"):
        assert (model.parent / trial / "saved_model.pb").is_file()
        assert json.loads((model.parent / trial / "labels.json").read_text()) == ["meh", "no", "yes"]


@pytest.mark.tensorflow
def test_texts_file_and_standard_input_give_the_same(model, tmp_path, capsys, monkeypatch):
    lines = ["a good film", "", 'été, "so" 😡', "bad"]
    file = tmp_path / "texts.txt"
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())

    def answers(*arguments):
        assert run(["predict", str(model), *arguments]) == 0
        output = capsys.readouterr()
        assert output.err == ""
        return output.out

    document = json.loads(answers("--json", *lines))
    assert document["labels"] == ["meh", "no", "yes"]
    assert [one["text"] for one in document["predictions"]] == lines
    assert all(sum(one["probabilities"]) == pytest.approx(1) for one in document["predictions"])
    assert json.loads(answers("--file", str(file), "--json")) == document
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
    assert json.loads(answers("--json")) == document

    rows = list(csv.DictReader(io.StringIO(answers("--csv", *lines))))
    assert [(row["text"], row["label"]) for row in rows] == [(o["text"], o["label"]) for o in document["predictions"]]
    assert float(rows[0]["p_yes"]) == pytest.approx(document["predictions"][0]["probabilities"][2], abs=1e-6)
    table = answers(*lines).splitlines()
    assert [line.split()[0] for line in table] == ["label", *(one["label"] for one in document["predictions"])]


@pytest.mark.tensorflow
def test_a_table_is_read_as_search_reads_it_and_its_ids_stand_beside_the_answers(model, tmp_path, capsys):
    table = tmp_path / "new.csv"
    table.write_text('id,text\n7,a good film\n9,\n11,"bad, very bad"\n')
    assert json.loads((model / "export.json").read_text())["text_columns"] == ["text"]

    def answers(*arguments):
        assert run(["predict", str(model), "--file", str(table), *arguments]) == 0
        return capsys.readouterr().out

    predictions = json.loads(answers("--json"))["predictions"]
    assert [(one["id"], one["text"]) for one in predictions] == [
        ("7", "a good film"),
        ("9", ""),
        ("11", "bad, very bad"),
    ]
    rows = list(csv.DictReader(io.StringIO(answers("--csv"))))
    assert [(row["id"], row["label"]) for row in rows] == [(one["id"], one["label"]) for one in predictions]
    assert [line.split()[:2] for line in answers().splitlines()] == [
        ["id", "label"],
        *([one["id"], one["label"]] for one in predictions),
    ]


@pytest.mark.tensorflow
def test_words_are_explained_by_what_the_model_says_without_them(model, tmp_path, capsys):
    import tuner

    texts = ["it was NOT good, the film 😡", "x y bad z good l'été plot never café story not it film very"]
    reads = [texts[0], " ".join(texts[1].split()[:10])]
    (tmp_path / "new.csv").write_text(f'id,text\n7,"{texts[0]}"\n9,"{texts[1]}"\n', encoding="utf-8")
    assert run(["explain", str(model), "--file", str(tmp_path / "new.csv"), "--class", "yes", "--json"]) == 0
    explained = json.loads(capsys.readouterr().out)["explanations"]
    assert [(one["id"], one["text"], one["label"]) for one in explained] == [
        ("7", texts[0], "yes"),
        ("9", texts[1], "yes"),
    ]
    exported = tuner.Model(model)
    words = [["not", "good", "film", "😡"], reads[1].split()]  # this model reads no stop words, and ten of all others
    for one, text, read in zip(explained, reads, words, strict=True):
        assert [word["word"] for word in one["words"]] == read
        without = [text[: word["start"]] + text[word["end"] :] for word in one["words"]]
        shares = exported.predict([text, *without])["probability_yes"]
        odds = np.log(shares / (1 - shares))
        assert odds.std() > 0.01
        np.testing.assert_allclose([word["weight"] for word in one["words"]], odds[0] - odds[1:], atol=1e-4)
        assert one["probability"] == pytest.approx(shares[0], abs=1e-6)
    assert explained[1]["notes"] == ["the model reads 10 of this text's 13 words"]

    assert run(["explain", str(model), *texts]) == 0
    lines = capsys.readouterr().out.splitlines()
    own = exported.explain(texts[0])
    assert lines[:3] == [own.heading(), texts[0], "word  at  weight"]
    strongest = own.top(1).iloc[0]
    assert lines[3].split() == [strongest["word"], str(strongest["start"]), f"{strongest['weight']:+.2f}"]
    with pytest.raises(tuner.InputError, match="give a string"):
        exported.explain(texts)


@pytest.mark.tensorflow
def test_what_is_printed_and_what_the_card_says_work_when_pasted(run_path, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["export", str(run_path), "--out", "my model"]) == 0
    command = re.search("next: python -m tuner (.*)", capsys.readouterr().out)[1]
    assert run(shlex.split(command)) == 0
    monkeypatch.chdir(Path("my model").rename("my model [new]"))
    assert run(["predict", str(Path.cwd()), "a text"]) == 2
    assert capsys.readouterr().err.endswith("rename the folder, or go into it and give .\n")
    card = Path("README.md").read_text(encoding="utf-8")
    assert run(shlex.split(re.search("`python -m tuner (.*?)`", card)[1])) == 0
    snippet = {}
    exec(re.search("```python\n(.*?)```", card, re.DOTALL)[1], snippet)
    assert len(snippet["answers"]["label"]) == 2


@pytest.mark.tensorflow
def test_many_texts_keep_their_order(model, tmp_path, capsys):
    lines = ["good " * (number % 13) + str(number) for number in range(2500)]
    (tmp_path / "many.txt").write_text("\n".join(lines))
    assert run(["predict", str(model), "--file", str(tmp_path / "many.txt"), "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["text"] for row in rows] == lines
    by_length = {}
    for number, row in enumerate(rows):
        by_length.setdefault(number % 13, row["p_yes"])
        assert float(row["p_yes"]) == pytest.approx(float(by_length[number % 13]), abs=2e-6)


@pytest.mark.tensorflow
def test_nothing_but_the_answers_is_printed_in_a_new_process(model):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "tuner", "predict", str(model), "un été 😡", "--csv"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == 2


@pytest.fixture
def bad_input(run_path, tmp_path, monkeypatch):
    """Arguments of every kind of bad input, and a part of the one line that answers it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis").touch()
    (tmp_path / "latin1.txt").write_bytes(b"fine\ncaf\xe9\n")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "other.csv").write_text("id,review\n1,fine\n2,poor\n")
    export, predict = ["export", str(run_path)], ["predict", str(tmp_path / "model")]
    (tmp_path / "model").mkdir()
    for name, content in (
        (
            "export.json",
            '{"format": "saved_model", "max_length": 9, "stop_words": false, "characters": false, "truncate": "head"}',
        ),
        ("labels.json", '["a"]'),
        ("saved_model.pb", "x"),
    ):
        (tmp_path / "model" / name).write_text(content)
    return {
        "not a run": (["export", "nowhere"], "no run 'nowhere'"),
        "a folder that is no run": (["export", "taken"], "is a folder but not a run"),
        "unknown trial": ([*export, "--trial", "99"], "--trial 99: mine has no such trial"),
        "weights dropped": ([*export, "--trial", "1"], "trials with weights: '00000'"),
        "folder exists": ([*export, "--out", "taken"], "exists already"),
        "force on something else": ([*export, "--out", "taken", "--force"], "does not remove it"),
        "unknown format": ([*export, "--format", "coreml"], "coreml"),
        "no model": (["predict", "taken", "x"], "is no exported model"),
        "nothing exported to explain": (["explain", "taken", "x"], "is no exported model"),
        "unknown class": (
            ["explain", str(tmp_path / "model"), "x", "--class", "z"],
            "--class z: the model has no such class; give one of 'a'",
        ),
        "no words to explain": (
            ["explain", str(tmp_path / "model"), "...", "--json"],
            "has no word that the model reads",
        ),
        "no folder": (["predict", "nowhere", "x"], "there is no such folder"),
        "not UTF-8": ([*predict, "--file", "latin1.txt", "--json"], "line 2 is not UTF-8 (byte 0xe9)"),
        "empty file": ([*predict, "--file", "empty.txt", "--csv"], "is empty"),
        "missing file": ([*predict, "--file", "nowhere.txt"], "nowhere.txt: cannot be read"),
        "a folder for a file": ([*predict, "--file", "taken"], "taken: cannot be read"),
        "empty standard input": ([*predict, "--json"], "standard input is empty"),
        "texts and a file": ([*predict, "x", "--file", "empty.txt"], "not both"),
        "a column without a table": (
            [*predict, "x", "--text-column", "body"],
            "--text-column is for the table of --file",
        ),
        "a table of other columns": (
            [*predict, "--file", "other.csv"],
            "name the column of the texts with --text-column",
        ),
        "two styles": ([*predict, "x", "--json", "--csv"], "exclude each other"),
        "half a surrogate pair": ([*predict, "\udcff", "--json"], "is not UTF-8"),
        "damaged model": ([*predict, "x"], "the SavedModel cannot be loaded"),
    }


def test_what_only_some_formats_need_is_named_in_one_line(run_path, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tuner.export.export.find_spec", lambda _: None)
    assert run(["export", str(run_path), "--format", "tflite", "--out", str(tmp_path / "model")]) == 2
    assert capsys.readouterr().err == (
        "error: --format tflite: LiteRT's interpreter measures the quantised files; install: pip install ai-edge-litert\n"
    )
    assert not (tmp_path / "model").exists()


@pytest.mark.tensorflow
def test_bad_input_ends_with_exit_code_2_one_line_and_nothing_written(bad_input, tmp_path, capfd, monkeypatch):
    before = set(tmp_path.rglob("*"))
    for case, (arguments, message) in bad_input.items():
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
        code = run(arguments)
        output = capfd.readouterr()
        assert code == 2, (case, output)
        assert output.out == "", case
        assert output.err.startswith("error: "), (case, output)
        assert output.err.count("\n") == 1, (case, output)
        assert message in output.err, (case, output)
    assert set(tmp_path.rglob("*")) == before
