"""``tuner errors`` and the report's section, on a run with its data."""

import csv
import html
import json
import shutil
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from analysis import load
from support.exported_run import write_exported_run
from tuner.cli.errors import _texts_table
from tuner.cli.main import run
from tuner.measures import Predictions
from tuner.runs.predictions import pack_validation
from tuner.search.prepare import prepare_again

BEST, SMALL = "00000", "00005"


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A run whose best trial is wrong, and sure, on every tenth validation text; a small one on every fifth."""
    path = write_exported_run(tmp_path_factory.mktemp("errors"))
    loaded = load(path)
    data = prepare_again(loaded.settings)
    labels = data.encoded.validation.labels
    for trial, step in ((BEST, 10), (SMALL, 5)):
        answers = labels.copy()
        answers[::step] = (answers[::step] + 1) % 3
        logits = (4 + np.arange(len(labels)) % 7)[:, None] * np.eye(3)[answers]
        loaded.folder.validation(trial).write_bytes(
            pack_validation(Predictions.of_logits(logits, labels, loaded.settings.data.label_names))
        )
    return path, data


def wrong_texts(data, step=10):
    return {data.dataset.texts[row] for row in data.splits.validation[::step]}


def test_the_screen_shows_mistakes_confusions_groups_and_the_frontier(mine, capsys, monkeypatch):
    path, data = mine
    monkeypatch.setenv("COLUMNS", "100")
    assert run(["errors", str(path)]) == 0
    shown = capsys.readouterr().out
    count = len(data.splits.validation)
    assert shown.startswith(f"mine, trial {BEST}: {len(range(0, count, 10))} of {count} validation texts wrong")
    for heading in (
        "most confident mistakes:",
        "classes most confused:",
        "by class:",
        "by words:",
        "by unknown words:",
    ):
        assert f"\n{heading}\n" in shown
    gained = len(range(0, count, 5)) - len(range(0, count, 10))
    assert f"trial {SMALL} (smallest of the frontier) is wrong and {BEST} (best) right on {gained} text" in shown
    assert max(map(len, shown.split("most confident", 1)[1].split("trial 00005")[0].splitlines())) <= 100


def test_rows_are_those_of_the_users_file(mine, tmp_path, capsys):
    path, data = mine
    assert run(["errors", str(path), "--csv", str(tmp_path / "wrong.csv")]) == 0
    with (tmp_path / "wrong.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    users = pd.read_csv(path.parent / "data.csv")
    assert {row["text"] for row in rows} == wrong_texts(data)
    for row in rows:
        of_user = users.iloc[int(row["row"]) - 1]
        assert (of_user["text"], of_user["label"]) == (row["text"], row["label"])


def test_labels_gives_rows_to_relabel_the_most_suspicious_first(mine, tmp_path, capsys):
    path, data = mine
    assert run(["errors", str(path), "--labels", "--csv", str(tmp_path / "labels.csv"), "--top", "3"]) == 0
    assert "by confident learning, the most suspicious first" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "labels.csv")
    assert len(table) == len(data.splits.validation)
    assert table["score"].is_monotonic_decreasing
    wrong = len(range(0, len(table), 10))
    assert set(table["text"][:wrong]) == wrong_texts(data)
    assert (table["suggested"] != table["given"]).all()


def test_json_alone_is_on_stdout(mine, capsys):
    path, data = mine
    assert run(["errors", str(path), "--json", "--by", "label", "--top", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["trial"], found["texts"], len(found["mistakes"])) == (BEST, len(data.splits.validation), 2)
    assert [each["group"] for each in found["slices"]["label"]] == [each["group"] for each in found["slices"]["label"]]
    assert {each["group"] for each in found["slices"]["label"]} == {"meh", "no", "yes"}
    assert run(["errors", str(path), "--json", "--labels"]) == 0
    assert len(json.loads(capsys.readouterr().out)["label_errors"]) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--by", "lable"], "--by lable: the data have no such column; did you mean label?"),
        (["--trial", "77"], "--trial 77: mine has no such trial; give one of"),
        (["--trial", "3"], "the predictions of trial 00003 are not kept; there are those of 00000, 00005"),
        (["--csv", "no/where.csv"], "--csv no/where.csv: cannot be written (No such file or directory)"),
    ],
)
def test_bad_input_is_one_line(mine, arguments, message, capsys):
    assert run(["errors", str(mine[0]), *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err
    assert told.err.count("\n") == 1


def test_a_run_without_kept_predictions_says_what_would_give_them(mine, tmp_path, capsys):
    shutil.copytree(mine[0], tmp_path / "old", ignore=shutil.ignore_patterns("validation.npz"))
    assert run(["errors", str(tmp_path / "old")]) == 2
    assert "a new search keeps them" in capsys.readouterr().err


@pytest.mark.slow
def test_the_report_has_texts_unless_they_are_private(mine, tmp_path, capsys):
    path, data = mine
    assert run(["report", str(path), "--out", str(tmp_path / "all.html")]) == 0
    assert run(["report", str(path), "--out", str(tmp_path / "none.html"), "--no-texts"]) == 0
    every, none = (html.unescape((tmp_path / name).read_text()) for name in ("all.html", "none.html"))
    assert all(text in every for text in wrong_texts(data))
    assert not any(text in none for text in data.dataset.texts if len(text) > 12)
    assert "Where it errs" in none
    assert "Every text of the data is left out of this report" in none
    assert every.count('<details class="fold">') == 6  # five of errors, one of costs


def test_a_report_without_the_data_says_why_it_has_no_errors(mine, tmp_path, capsys):
    path = mine[0]
    (path.parent / "data.csv").rename(path.parent / "away.csv")
    try:
        assert run(["report", str(path), "--out", str(tmp_path / "report.html")]) == 0
    finally:
        (path.parent / "away.csv").rename(path.parent / "data.csv")
    assert "the data of the search mine are gone" in (tmp_path / "report.html").read_text()


def test_wide_characters_leave_the_other_columns_whole():
    rows = [
        ["12503", "neutral", "negative", "0.9897", "😭💔 日本語 " * 20],
        ["7", "positive", "neutral", "0.9", "short"],
    ]
    out = StringIO()
    Console(file=out, width=80).print(_texts_table(["row", "label", "predicted", "confidence", "text"], rows, 80))
    heading, first, second = out.getvalue().splitlines()
    assert "confidence" in heading
    assert all(cell in first for cell in rows[0][:4])
    assert first.rstrip().endswith("…")
    assert all(cell in second for cell in rows[1])
