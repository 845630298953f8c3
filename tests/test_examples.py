"""The example in the docstring of every public name gives what it says. They read one recorded run, and train nothing."""

import ast
import doctest
import importlib
import inspect
import shutil
from pathlib import Path

import pandas as pd
import pytest

import analysis
import tuner
from analysis.ensembles import Member
from tuner.api import functions
from tuner.metrics import ACCURACY
from tuner.runs.folder import RunFolder

ROOT = Path(__file__).parents[1]
TRAINING = ("search", "resume", "scale")
"""Theirs would train: they are held to the signatures alone."""
EXPORTING = ("export", "Model")
"""In this order: the first writes what the second reads."""
EXPLAINING = ("explain", "words")
"""Of a run with weights."""
NAMES = [
    *(("analysis", name) for name in analysis.__all__ if callable(getattr(analysis, name))),
    *(("tuner", name) for name in tuner.__all__ if name not in EXPORTING),
]


def public(package: str, name: str):
    """What a package offers by a name; the function where a package of that name is one too."""
    return getattr(functions if name in ("search", "export") else importlib.import_module(package), name)


def examples(package: str, name: str, known: dict) -> doctest.DocTest:
    owner = tuner.SearchRun if package == "tuner.SearchRun" else None
    text = inspect.getdoc(getattr(owner, name) if owner else public(package, name)) or ""
    found = doctest.DocTestParser().get_doctest(text, {"analysis": analysis, "tuner": tuner, **known}, name, None, 0)
    assert found.examples, "has no example"
    return found


def failures(examples: doctest.DocTest) -> str:
    told: list[str] = []
    doctest.DocTestRunner().run(examples, out=told.append)
    return "".join(told)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    copied = shutil.copytree(ROOT / "analysis/sample_run", tmp_path_factory.mktemp("runs") / "sample_run")
    run = analysis.load(copied)
    search_run = tuner.SearchRun(RunFolder(copied))
    return {"run": run, "trials": run.candidates, "search_run": search_run,
            "pd": pd, "Member": Member, "ACCURACY": ACCURACY}  # fmt: skip


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_examples_give_what_they_say(package, name, known, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = examples(package, name, dict(known))
    if package == "tuner" and name in TRAINING:
        for example in found.examples:
            assert example.options == {doctest.SKIP: True}
            call = ast.parse(example.source).body[0].value
            signature = inspect.signature(public(package, name))
            signature.bind(*call.args, **{keyword.arg: keyword.value for keyword in call.keywords})
    else:
        assert not any(example.options.get(doctest.SKIP) for example in found.examples)
        assert failures(found) == ""


def test_the_example_of_the_package_leads_to_the_run():
    found = doctest.DocTestParser().get_doctest(analysis.__doc__, {"analysis": analysis}, "analysis", None, 0)
    assert len(found.examples) == 2
    assert failures(found) == ""


@pytest.mark.tensorflow
def test_examples_of_exports(run_path, tmp_path, monkeypatch):
    (tmp_path / "runs").mkdir()
    shutil.copytree(run_path, tmp_path / "runs/reviews")
    monkeypatch.chdir(tmp_path)
    for name in EXPORTING:
        assert failures(examples("tuner", name, {})) == ""
    run = tuner.SearchRun(RunFolder(tmp_path / "runs/reviews"))
    for member in EXPLAINING:
        assert failures(examples("tuner.SearchRun", member, {"search_run": run})) == ""
    assert "<summary>For " in run.report().read_text()


def test_an_example_that_says_something_else_is_found():
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert "Expected:\n    3\nGot:\n    2" in failures(wrong)
