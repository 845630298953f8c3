import json
import re
from html.parser import HTMLParser

import pytest

from analysis import load
from analysis.report import render, write_report
from support.made_up_runs import made_up_run
from tuner.errors import InputError
from tuner.runs.settings import read_settings, write_settings

SPECIFICATIONS = re.compile(r'<script type="application/json" id="specifications">(.*?)</script>', re.DOTALL)


class Elements(HTMLParser):
    """Collects tags with their attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def elements(page):
    parser = Elements()
    parser.feed(page)
    return parser.found


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return render(load(made_up_run(tmp_path_factory.mktemp("runs") / "mine", trials=60, epochs=12, failing=3).path))


def test_nothing_in_it_is_elsewhere(page):
    addresses = {
        address for address in re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s\"'`<)]*", page) if "://" in address
    }
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/2000/xmlns/", "http://www.w3.org/1999/xlink"}
    assert not [attrs for _, attrs in elements(page) if {"src", "href"} & attrs.keys()]
    assert "default-src 'none'" in page


def test_every_place_has_its_chart_and_every_chart_its_place(page):
    places = [attrs["data-chart"] for _, attrs in elements(page) if "data-chart" in attrs]
    specifications = json.loads(SPECIFICATIONS.search(page).group(1))
    assert sorted(places) == sorted(specifications)
    assert {"frontier", "curve", "curves", "importance", "scaling", "time"} <= specifications.keys()
    assert all("$schema" not in specification for specification in specifications.values())


def test_charts_take_the_colours_of_the_page(page):
    specifications = json.loads(SPECIFICATIONS.search(page).group(1))
    literal = re.findall(r"#[0-9a-f]{6}", json.dumps([one["config"] for one in specifications.values()]))
    assert not literal
    assert "prefers-color-scheme: dark" in page


def test_it_says_what_there_is_to_say(page):
    assert "Take trial 0" in page
    assert "3×</b> MemoryError: 3 GB needed (trials 00000, 00001, 00002)" in page
    assert "python -m tuner search --space space.yaml --trials 60 --epochs 12" in page
    assert len([1 for tag, attrs in elements(page) if tag == "tr" and "data-trial" in attrs]) >= 57


def test_it_repeats_how_texts_and_labels_were_read(tmp_path):
    folder = made_up_run(tmp_path / "r", trials=1, epochs=1)
    settings = read_settings(folder.settings)
    told = {
        "source": "d.csv",
        "text_column": ("title", "body"),
        "truncate": "both",
        "drop_rare": True,
        "fold_labels": True,
    }
    write_settings(folder.settings, settings.model_copy(update={"data": settings.data.model_copy(update=told)}))
    page = render(load(folder.path))
    assert "--data d.csv --text-column title --text-column body --label-column label" in page
    assert "--max-length 50 --truncate both" in page
    assert "--fold-labels --drop-rare" in page
    assert "texts from title, body, labels from label" in page


def test_names_and_errors_cannot_break_out(tmp_path):
    folder = made_up_run(tmp_path / "r", trials=2, epochs=1, failing=1)
    evil = "</script><img src=x onerror=alert(1)>"
    folder.journal.write_text(
        folder.journal.read_text().replace("MemoryError", evil).replace('"trial":"00001"', f'"trial":"{evil}"')
    )
    tags = [tag for tag, _ in elements(render(load(folder.path)))]
    assert "img" not in tags
    assert tags.count("script") == 3


@pytest.mark.parametrize(
    "shape", [{"trials": 1, "epochs": 1}, {"trials": 3, "epochs": 2}, {"trials": 4, "epochs": 2, "failing": 4}]
)
def test_small_and_empty_runs_have_an_honest_page(shape, tmp_path):
    page = render(load(made_up_run(tmp_path / "r", **shape).path))
    assert ("No trial has finished an epoch yet" in page) == (shape.get("failing") == shape["trials"])
    places = [attrs["data-chart"] for _, attrs in elements(page) if "data-chart" in attrs]
    assert set(places) == set(json.loads(SPECIFICATIONS.search(page).group(1)))


def test_a_failed_write_leaves_nothing(tmp_path):
    run = load(made_up_run(tmp_path / "r", trials=1, epochs=1).path)
    with pytest.raises(InputError, match="choose another file with `out`"):
        write_report(run, tmp_path / "nowhere" / "report.html")
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="choose another file with `out`"):
        write_report(run, tmp_path / "taken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r", "taken"]


@pytest.mark.slow
def test_two_thousand_trials_stay_under_five_megabytes(tmp_path):
    run = load(made_up_run(tmp_path / "r", trials=2000, epochs=20).path)
    assert len(render(run).encode()) < 5_000_000
