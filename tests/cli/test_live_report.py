"""The page that follows a search, asked over HTTP as a browser does."""

import http.client
import json
import threading

import pytest

from support.made_up_runs import made_up_run
from tuner.cli import live_report
from tuner.cli import report as report_of_cli
from tuner.cli.live_report import LiveReport, server_of
from tuner.cli.main import run


@pytest.fixture
def served(tmp_path, monkeypatch):
    """What a run is answered with: ``ask(path, host)`` gives status, headers and body. Paths follow the token."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(live_report, "_SECONDS_BETWEEN_LOOKS", 0.0)
    made_up_run(tmp_path / "runs" / "mine", trials=5, epochs=3)
    there = {}

    def server_for(report, port):
        there["report"], there["server"] = report, server_of(report, port)
        ready.set()
        return there["server"]

    ready = threading.Event()
    monkeypatch.setattr(report_of_cli, "server_of", server_for)
    thread = threading.Thread(target=run, args=(["report", "mine", "--serve", "--no-texts"],))
    thread.start()
    assert ready.wait(30)

    def ask(path, *, host=None, token=None, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", there["server"].server_port, timeout=30)
        headers = {} if host is None else {"Host": host}
        connection.request(method, f"/{token or there['report'].token}/{path}", headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()

    yield ask
    there["server"].shutdown()
    thread.join(30)
    assert not thread.is_alive()


def test_the_page_is_the_report_with_what_follows_the_search(served, tmp_path):
    status, headers, page = served("")
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "text/html; charset=utf-8", "no-store")
    version = json.loads(served("version")[2])["version"]
    assert f'<html lang="en" data-version="{version}">' in page
    assert "connect-src 'self'" in page
    assert "Take trial 0000" in page
    assert not (tmp_path / "runs" / "mine" / "report.html").exists()


def test_the_version_changes_with_the_journal_and_says_when_the_search_is_over(served, tmp_path):
    first = json.loads(served("version")[2])
    assert first == json.loads(served("version")[2])
    assert first["over"] is True
    journal = tmp_path / "runs" / "mine" / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]))  # before its end
    second = json.loads(served("version")[2])
    assert second["version"] != first["version"]
    assert second["over"] is False
    assert f'data-version="{second["version"]}"' in served("page")[2]


@pytest.mark.parametrize(
    "asked",
    [
        {"path": "", "token": "guessed"},
        {"path": "journal.jsonl"},
        {"path": "../mine/journal.jsonl"},
        {"path": "", "host": "evil.example:80"},
    ],
)
def test_nothing_else_is_answered(served, asked):
    status, _, body = served(**asked)
    assert status == 404
    assert "Take trial" not in body


def test_nothing_can_be_sent(served):
    assert served("", method="POST")[0] == 501


def test_a_page_is_made_once_a_version():
    made = []
    report = LiveReport(lambda: ("1", False), lambda version: made.append(version) or f"page {version}")
    assert [report.page(), report.page()] == [b"page 1", b"page 1"]
    assert made == ["1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "8000"], "--port 8000: is where --serve listens; add that, or leave this out"),
        (["--serve", "--port", "70000"], "--port 70000: cannot be listened on"),
        (["--serve", "--out", "x.html"], "--out x.html: is of a file that is written; leave it out, or --serve"),
    ],
)
def test_bad_input_is_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    made_up_run(tmp_path / "runs" / "mine", trials=2, epochs=2)
    assert run(["report", "mine", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
