"""What is wrong with a parameter is said in Python's words to a caller, and with options on the command line."""

import ast
import pickle
import re
from pathlib import Path

import pytest

from tuner.cli.commands import COMMANDS
from tuner.cli.main import run
from tuner.cli.spelling import message_of, with_options
from tuner.errors import InputError
from tuner.runs.folder import check_new_run
from tuner.search.schedulers.options import SchedulerOptions, resolve

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("options", "in_python", "on_the_command_line"),
    [
        (
            SchedulerOptions("asha", grace_period=9),
            "grace_period=9: must be more than 0 and at most `epochs` (8)",
            "--grace-period 9: must be more than 0 and at most --epochs (8)",
        ),
        (
            SchedulerOptions("asha", rungs=(3, 2)),
            "rungs=(3, 2): must be ascending epochs, more than 0 and less than `epochs=8`",
            "--rungs 3,2: must be ascending epochs, more than 0 and less than --epochs 8",
        ),
        (
            SchedulerOptions("hyperband", promotion=True),
            "promotion=True: `scheduler='hyperband'` has `reduction_factor`; leave it out",
            "--promotion: --scheduler hyperband has --reduction-factor; leave it out",
        ),
    ],
)
def test_an_error_names_parameters_to_a_caller_and_options_to_a_user(options, in_python, on_the_command_line):
    with pytest.raises(InputError) as raised:
        resolve(options, epochs=8)
    assert str(raised.value) == str(pickle.loads(pickle.dumps(raised.value))) == in_python
    assert message_of(raised.value) == on_the_command_line


@pytest.mark.parametrize("name", ["a b", "", "a\x1bb"])
def test_a_value_that_would_not_be_seen_is_quoted(name, tmp_path):
    with pytest.raises(InputError) as raised:
        check_new_run(tmp_path, name)
    assert message_of(raised.value).startswith(f"--name {name!r}: use letters")


def test_a_path_is_text_in_both(tmp_path):
    error = InputError("is no folder", option="out", value=tmp_path)
    assert (str(error), message_of(error)) == (f"out='{tmp_path}': is no folder", f"--out {tmp_path}: is no folder")


def test_options_whose_names_differ():
    text = "fix it with `settings='units=8'`, or use `kind='keras'`, `as_json` and `stop_words`; see `ray status`"
    assert with_options(text) == (
        "fix it with --set units=8, or use --format keras, --json and --stop-words; see `ray status`"
    )


def test_the_command_line_prints_options(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["search", "--trials", "0"]) == 2
    assert capsys.readouterr().err == "error: --trials 0: must be at least 1\n"
    assert run(["search", "--set", "units"]) == 2
    assert capsys.readouterr().err.startswith("error: --set units: needs NAME=VALUE")


SPELLED_ON_PURPOSE = {
    "tuner/export/card.py",  # a document that names the command
    "tuner/doctor/probe.py",  # of a command of Ray
    "tuner/search/ray_tune/adapters.py",  # recorded with a trial, as runs that exist have it
    "tuner/tracking/following.py",  # a command that makes up for what a tracker missed
}


def test_only_the_command_line_spells_options():
    options = {name for command in COMMANDS for param in command.params for name in param.opts if name[:2] == "--"}
    spelled = re.compile(rf"(?:{'|'.join(map(re.escape, options))})(?![\w-])")
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("tuner", "search_spaces", "analysis")
        for path in (ROOT / package).rglob("*.py")
        if not path.is_relative_to(ROOT / "tuner" / "cli")
        and any(spelled.search(text) for text in texts_in(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert found == SPELLED_ON_PURPOSE


def texts_in(tree):
    """All string literals, f-strings too, that are not docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
