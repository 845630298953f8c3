"""Data files as people have them, with the right answers, from a folder that may lie beside the project."""

import importlib.util
import io
import json
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from tuner.cli.main import run

FOLDER = Path(__file__).parents[3] / "shared" / "cases"
CASES = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8")) if FOLDER.exists() else []

pytestmark = pytest.mark.slow


def in_this_process(command, **_):
    """Runs ``python -m tuner ...`` without another process, which would take a second to start."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(command[3:])
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


@pytest.mark.skipif(not CASES, reason="needs the folder shared/cases beside the project")
@pytest.mark.parametrize("case", CASES or [None], ids=lambda case: case["name"] if case else "none")
def test_a_file_is_read_as_a_person_would(case, monkeypatch):
    spec = importlib.util.spec_from_file_location("check", FOLDER / "check.py")
    check = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check)
    monkeypatch.setattr(check.subprocess, "run", in_this_process)
    assert check.check(case, FOLDER, "python") == []
