"""Every command that the program prints works when it is pasted where it was printed."""

import html
import re
import shlex
from types import SimpleNamespace

import pytest

from support.made_up_runs import made_up_run
from tuner.cli.main import run
from tuner.runs.folder import find_run
from tuner.runs.location import runs_folder

_COMMAND = re.compile(r"python -m tuner ([^\n<]*)")
_PLACES = ["runs", "my runs [old] of a name that is much longer than the terminal"]


@pytest.fixture(params=_PLACES)
def folder(request, tmp_path, monkeypatch):
    """A finished run, where runs usually lie or elsewhere, seen on a narrow terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("FRONTIER_TUNER_RUNS", raising=False)
    return made_up_run(tmp_path / request.param / "mine", trials=12, epochs=3)


def printed(text):
    """The words of all commands in a text."""
    return [shlex.split(html.unescape(found), comments=True) for found in _COMMAND.findall(text)]


def place(folder):
    return str(folder.path.parent.name)


def test_a_search_says_how_to_go_on(folder, capsys, monkeypatch):
    assert run(["resume", "mine", "--runs-dir", place(folder)]) == 0
    rank, export = printed(capsys.readouterr().out)
    assert (rank[0], export[0], export[2:]) == ("rank", "export", ["--trial", "knee"])
    assert run(rank) == 0
    assert find_run(export[1], runs_folder()).path.resolve() == folder.path
    monkeypatch.setattr("tuner.operations.searches.resume_search", lambda *_: "interrupted")
    monkeypatch.setattr("tuner.search.resumption.prepare_again", lambda *_, **__: SimpleNamespace(encoded=None))
    assert run(["resume", "mine", "--runs-dir", place(folder), "--trials", "14"]) == 130
    ((name, again),) = printed(capsys.readouterr().out)
    assert (name, find_run(again, runs_folder()).path.resolve()) == ("resume", folder.path)


@pytest.mark.slow
def test_a_report_confirms_and_repeats_its_own_run(folder, tmp_path, capsys):
    assert run(["report", "mine", "--runs-dir", place(folder)]) == 0
    page = (folder.path / "report.html").read_text(encoding="utf-8")
    *commands, search = printed(page)
    assert {name for name, *_ in commands} == {"confirm", "explain", "export"}
    assert {find_run(name, runs_folder()).path.resolve() for _, name, *_ in commands} == {folder.path}
    space = re.search(r"<summary>space.yaml</summary><pre>(.*?)</pre>", page, re.DOTALL)
    (tmp_path / "space.yaml").write_text(html.unescape(space[1]))
    capsys.readouterr()
    assert run([*search, "--dry-run"]) == 0
    assert f" run {place(folder)}/20" in " ".join(capsys.readouterr().out.split())
