import pytest

from support.made_up_runs import made_up_run
from tuner.cli.main import run


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made_up_run(tmp_path / "runs" / "mine", trials=5, epochs=3)
    return tmp_path / "runs"


def test_it_lies_in_the_run_and_its_decision_is_printed(runs, capsys):
    assert run(["report", "mine"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("Take trial 0000")
    assert "runs/mine/report.html (" in output
    assert (runs / "mine" / "report.html").read_text().startswith("<!doctype html>")


def test_out_is_taken(runs, tmp_path):
    assert run(["report", str(runs / "mine"), "--out", "mine.html"]) == 0
    assert (tmp_path / "mine.html").exists()


def test_a_run_without_a_finished_epoch_has_an_empty_report(runs, capsys):
    made_up_run(runs / "failed", trials=2, epochs=2, failing=2)
    assert run(["report", "failed"]) == 0
    assert "No trial has finished an epoch yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "no run 'nothing'; the newest in runs: mine"),
        (["runs"], "is a folder but not a run"),
        (["mine", "--out", "no/where.html"], "no/where.html: cannot be written"),
        (["mine", "--out", "runs"], "is a directory"),
    ],
)
def test_bad_input_is_one_line(arguments, message, runs, capsys):
    assert run(["report", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err
    assert output.err.count("\n") == 1


def test_a_damaged_table_is_made_again_from_the_journal(runs):
    (runs / "mine" / "trials.parquet").write_bytes(b"PAR1 this is no table")
    assert run(["report", "mine"]) == 0
