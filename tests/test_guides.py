"""The guides say what is there: their links, commands, code, tables and files."""

import ast
import importlib
import inspect
import pkgutil
import re
import runpy
import shlex
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
import pytest

import analysis
import tuner
from search_spaces import read_space
from search_spaces.config import TrialConfig
from search_spaces.named import named_spaces
from tuner.cli.main import cli
from tuner.metrics import CLASS_METRICS, METRICS
from tuner.search.registry import SCHEDULERS, SEARCHERS

ROOT = Path(__file__).parents[1]
FOLDERS = ("tuner", "search_spaces", "analysis", "cluster", "tests")
GUIDES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md"))])
}
PRESENT = {name: text for name, text in GUIDES.items() if name != "CHANGELOG.md"}
"""The changelog names what was there in its time."""

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^ {4}.*$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_IN_LINE = re.compile(r"`([^`\n]+)`")
_COMMAND = re.compile(r"(?:python -m )?tuner (?=[a-z])(.*)")


def prose(text: str) -> str:
    """A guide without its blocks of code."""
    return _INDENTED.sub("", _FENCED.sub("", text))


def anchors(text: str) -> set[str]:
    """What links may name behind #, as GitHub makes it of headings."""
    titles = re.findall(r"^#+ (.*)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(name: str, text: str) -> list[str]:
    """The links of a guide that lead nowhere in the project."""
    broken = []
    for link in _LINK.findall(prose(text)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


def commands(text: str) -> list[str]:
    """The commands of ``tuner`` in a guide: lines of blocks, and code in sentences and tables."""
    lines = [line.strip() for line in _INDENTED.findall(text)] + _IN_LINE.findall(prose(text))
    return [found[1] for line in lines if (found := _COMMAND.search(line)) and "..." not in found[1]]


def parse(words: list[str]) -> None:
    """Reads a command's words as the program does, without running it; ``submit``'s own command, too."""
    command = cli.commands[words[0]]
    given = command.make_context(words[0], [word for word in words[1:] if word != "--help"]).params
    if words[0] == "submit" and given["command"]:
        parse(list(given["command"]))


def rows(text: str, title: str) -> list[list[str]]:
    """The cells of all tables of a guide whose first column is called so."""
    found = re.findall(rf"^\| {title} \|.*\n\|[ \-:|]+\|\n((?:\|.*\n?)+)", text, re.MULTILINE)
    return [line.strip("| ").split(" | ") for table in found for line in table.splitlines()]


def named(cell: str) -> list[str]:
    """What a cell has in code."""
    return _IN_LINE.findall(cell)


@pytest.mark.parametrize("name", GUIDES)
def test_every_link_leads_somewhere(name):
    assert broken_links(name, GUIDES[name]) == []


def test_a_broken_link_is_found():
    text = "# A title\n\n[a](README.md) [b](nowhere.md) [c](#a-title) [d](#another) [e](tuner/README.md#nothing) [f](https://x.org)\n"
    assert broken_links("CONTRIBUTING.md", text.replace("#a-title", "#contributing")) == [
        "nowhere.md",
        "#another",
        "tuner/README.md#nothing",
    ]


@pytest.mark.parametrize(
    ("name", "command"), [(name, command) for name, text in PRESENT.items() for command in commands(text)]
)
def test_every_command_is_one(name, command, monkeypatch):
    monkeypatch.chdir(ROOT)
    parse(shlex.split(command, comments=True))


def test_a_command_that_is_none_is_found():
    (command,) = commands("Then `python -m tuner search --no-such-option 3`.")
    with pytest.raises(click.UsageError, match="no-such-option"):
        parse(shlex.split(command))
    (command,) = commands("    python -m tuner submit auto -- search --trials many")
    with pytest.raises(click.UsageError, match="'many' is not a valid integer"):
        parse(shlex.split(command))


def our_options(command: click.Command) -> set[str]:
    return {spelling for option in command.params for spelling in (*option.opts, *option.secondary_opts)}


@pytest.mark.parametrize("name", [name for name in PRESENT if not name.startswith("tests/")])
def test_options_in_sentences_and_tables_exist(name):
    """``report --no-texts`` has the options of its command, ``--no-texts`` alone those of any."""
    every = set().union(*(our_options(command) for command in cli.commands.values())) | {"--help"}
    for code in named(prose(PRESENT[name])):
        first, *others = code.split()
        if first in cli.commands:
            words = code.split(" -- ")[0].split()
            assert {word for word in words if word.startswith("--")} - our_options(cli.commands[first]) == set(), code
        elif first.startswith("--"):
            assert {word for word in (first, *others) if word.startswith("--")} - every == set(), code


@pytest.mark.parametrize("name", PRESENT)
def test_what_is_named_as_a_file_of_the_project_is_there(name):
    folders = "|".join(FOLDERS)
    paths = re.findall(rf"(?<![\w/.])(?:{folders})/[\w./-]*\w", PRESENT[name])
    assert [path for path in paths if not (ROOT / path).exists()] == []


PYTHON = [(name, code) for name, text in PRESENT.items() for kind, code in _FENCED.findall(text) if kind == "python"]


@pytest.mark.parametrize(("name", "code"), PYTHON)
def test_python_uses_what_there_is(name, code):
    """Names that are imported of our packages exist, and calls of ``tuner`` fit its signatures."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("tuner", "search_spaces", "analysis"):
            there = importlib.import_module(node.module)
            public = {*there.__all__, *(found.name for found in pkgutil.iter_modules(there.__path__))}
            assert {alias.name for alias in node.names} - public == set()
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="tuner"), attr=function)):
                call = inspect.signature(getattr(tuner, function))
                call.bind(*node.args, **{str(keyword.arg): keyword.value for keyword in node.keywords})
            case ast.Attribute(value=ast.Name(id="charts"), attr=chart):
                assert chart in analysis.charts.__all__


def test_a_space_that_a_guide_writes_is_read(tmp_path):
    spaces = [code for kind, code in _FENCED.findall(GUIDES["search_spaces/README.md"]) if kind == "yaml"]
    for code in spaces:
        (tmp_path / "mine.yaml").write_text(code, encoding="utf-8")
        assert read_space(tmp_path / "mine.yaml").varying()
    assert spaces


def test_the_picture_of_the_front_page_is_drawn_by_the_program_beside_it(tmp_path):
    runpy.run_path(str(ROOT / "analysis/images/draw.py"))["main"](tmp_path)
    drawn, shown = (folder / "frontier.png" for folder in (tmp_path, ROOT / "analysis/images"))
    assert size(drawn.read_bytes()) == size(shown.read_bytes())


def size(png: bytes) -> bytes:
    """Width and height, as a PNG file's header has them."""
    assert png.startswith(b"\x89PNG")
    return png[16:24]


def test_every_benchmark_is_listed():
    programs = {path.name for path in (ROOT / "tests/benchmarks").glob("*.py") if "__main__" in path.read_text("utf-8")}
    listed = re.findall(r"^ {4}python tests/benchmarks/(\w+\.py)", GUIDES["tests/benchmarks/README.md"], re.MULTILINE)
    assert set(listed) == programs


def test_every_option_of_a_search_is_in_a_table():
    cells = [cell for guide in ("tuner", "tuner/data") for cell, *_ in rows(GUIDES[f"{guide}/README.md"], "option")]
    told = {word for cell in cells for code in named(cell) for word in code.split() if word.startswith("--")}
    known = {option.opts[0]: {*option.opts, *option.secondary_opts} for option in cli.commands["search"].params}
    assert told - set().union(*known.values()) == set()
    assert [option for option, spellings in known.items() if not spellings & told] == []


def test_every_hyperparameter_is_in_the_table_with_its_values():
    table = rows(GUIDES["search_spaces/README.md"], "hyperparameter")
    fields = TrialConfig.model_fields
    first = [name for cell, *_ in table for name in named(cell)]
    assert [name for name in first if name not in fields] == []
    for name, field in fields.items():
        (told,) = (set(named(" ".join(row))) for row in table if name in named(" ".join(row)) and (
            name in named(row[0]) or name not in first
        ))  # fmt: skip
        assert told >= values_of(field.annotation), name


def values_of(annotation: Any) -> set[str]:
    """The words that a hyperparameter can have."""
    return set(get_args(annotation)) if get_origin(annotation) is Literal else set()


@pytest.mark.parametrize(("title", "there"), [("scheduler", SCHEDULERS), ("searcher", SEARCHERS)])
def test_schedulers_and_searchers_are_in_their_tables(title, there):
    table = rows(GUIDES["tuner/README.md"], title)
    assert {named(cell)[0] for cell, *_ in table} == set(there)
    (default,) = (named(cell)[0] for cell, *_ in table if "(default)" in cell)
    option = next(option for option in cli.commands["search"].params if option.name == title)
    assert default in (option.default, *re.findall(r"\[default: (\w+);", option.help))


def test_metrics_and_published_spaces_are_named():
    guide = set(_IN_LINE.findall(GUIDES["tuner/README.md"]))
    assert set(METRICS) - guide == set()
    assert {metric for metric in CLASS_METRICS if not any(code.startswith(f"{metric}:") for code in guide)} == set()
    assert set(re.findall(r"tuner reproduce (\w+)", GUIDES["analysis/README.md"])) <= set(named_spaces())


def test_the_front_page_is_short_and_guides_are_read_in_one_go():
    page = GUIDES["README.md"]
    assert len(page.splitlines()) <= 150
    assert len(page.encode()) <= 9_000
    assert {name: len(text.splitlines()) for name, text in PRESENT.items() if len(text.splitlines()) > 250} == {}


_PRIVATE = re.compile(
    r"\b(conductor|ledger|workbench|judge?ment|judge[sd]?|donors?|torn|mend(s|ed)?|foreign|broken off|guess(es)?|packing|wear"
    r"|worked out|tak(es|e) over|nobody|(test|training|validation) part|trials a card|cannot be told)\b",
    re.IGNORECASE,
)
"""Words that meant something in this project alone, or had to be read twice."""


@pytest.mark.parametrize("name", [name for name in PRESENT if not name.startswith("tests/")])
def test_guides_have_words_of_the_field(name):
    assert [found[0] for found in _PRIVATE.finditer(prose(PRESENT[name]))] == []


@pytest.mark.parametrize("command", cli.commands)
def test_help_has_words_of_the_field(command):
    asked_for = cli.commands[command]
    text = asked_for.get_help(click.Context(asked_for, info_name=command))
    assert [found[0] for found in _PRIVATE.finditer(" ".join(text.split()))] == []


def test_the_glossary_is_short_and_of_words_that_the_code_uses():
    glossary = GUIDES["CONTRIBUTING.md"].partition("## Glossary\n\n")[2].partition("\n\n")[0].splitlines()
    assert 0 < len(glossary) <= 20
    code = " ".join(path.read_text("utf-8").lower() for path in (ROOT / "tuner").rglob("*.py"))
    terms = [term for line in glossary for term in re.findall(r"\*\*(.+?)\*\*", line)]
    assert len(terms) >= len(glossary)
    assert [term for term in terms if not re.search(rf"\b{term}", code)] == []
