"""``tuner confirm`` without Ray: what it refuses, what it plans, and what it prints where everything is there already."""

import json
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import analysis
from support.made_up_runs import made_up_run
from tuner.cli.main import run
from tuner.metrics import ACCURACY
from tuner.runs.journal import Journal

SAMPLE = Path(analysis.__file__).parent / "sample_run"


@pytest.fixture(autouse=True)
def no_ray(monkeypatch):
    """Starting Ray is a failure of these tests."""
    monkeypatch.setattr("ray.init", lambda **_: pytest.fail("Ray was started"))


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made_up_run(tmp_path / "runs" / "failed", trials=2, epochs=2, failing=2)
    made_up_run(tmp_path / "runs" / "mine", trials=5, epochs=3)
    made_up_run(tmp_path / "runs" / "worthless", trials=5, epochs=3, objective=replace(ACCURACY, baseline=0.999))
    shutil.copytree(SAMPLE, tmp_path / "runs" / "sample")
    return tmp_path / "runs"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "no run 'nothing'"),
        (["failed"], "failed: no trial has finished an epoch, so there is nothing to confirm"),
        (["worthless"], "no trial of worthless is better than a constant answer, so the frontier is empty"),
        (["mine"], "the data have changed since the search"),
        (["mine", "--repeats", "1"], "1 is not in the range x>=2"),
        (["mine", "--top", "0"], "0 is not in the range x>=1"),
        (["mine", "--by", "luck"], "'luck' is not one of"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(arguments, message, runs, capsys):
    before = {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()}
    assert run(["confirm", *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()} == before


def test_a_run_that_is_still_searched_is_refused(runs, capsys):
    with closing(Journal(runs / "mine" / "journal.jsonl")):
        assert run(["confirm", "mine"]) == 2
    assert "runs this search; wait for its end" in capsys.readouterr().err


def test_what_is_there_already_is_not_trained_again(runs, capsys):
    assert run(["confirm", "sample", "--repeats", "4"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "seen already by 6 models (" in out
    assert "to do nothing, all is there" in out
    assert "is the most accurate" in out
    assert "15 paired comparisons" in out


def test_a_larger_confirmation_says_that_the_test_part_has_been_seen(runs, capsys):
    settings = runs / "sample" / "search.yaml"
    settings.write_text(settings.read_text().replace("fingerprint: ", "fingerprint: 0"))
    assert run(["confirm", "sample", "--by", "accuracy", "--top", "9"]) == 2
    out = " ".join(capsys.readouterr().out.split())
    assert "seen already by 6 models" in out
    assert "more will see it. The more models are evaluated on it, the better the best of them looks by luck" in out


@pytest.mark.parametrize(("top", "said"), [("6", False), ("7", True)])
def test_where_the_frontier_is_shorter_than_asked_for_it_says_so(top, said, runs, capsys):
    settings = runs / "sample" / "search.yaml"
    settings.write_text(settings.read_text().replace("fingerprint: ", "fingerprint: 0"))
    assert run(["confirm", "sample", "--top", top]) == 2  # no such data: that is found after the plan
    out = " ".join(capsys.readouterr().out.split())
    assert ("(all of the frontier; others with --by metric)" in out) is said


def test_json_alone_on_stdout(runs, capsys):
    assert run(["confirm", "sample", "--repeats", "4", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"run", "folder", "texts", "smallest_tied", "models", "comparisons"} == document.keys()
    assert document["texts"] == 1600
    accuracies = [model["test_accuracy"] for model in document["models"]]
    assert accuracies == sorted(accuracies, reverse=True)
