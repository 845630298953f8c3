"""Parts of the data that lie apart: asked for, kept in search.yaml, read again."""

import json
from pathlib import Path

import pytest

from search_spaces import Space, parse_domain
from tuner.cli.main import run
from tuner.cli.submit import remote_command
from tuner.data.pipeline import BUILT_IN, DataRequest
from tuner.errors import InputError
from tuner.runs.settings import read_settings, write_settings
from tuner.search.prepare import prepare_again, prepare_search
from tuner.search.request import SearchRequest
from tuner.search.schedulers.options import SchedulerOptions


@pytest.fixture
def files(tmp_path):
    for part, count in (("a", 40), ("b", 8), ("c", 12)):
        rows = [f"{part} text number {row} is {'fine' if row % 2 else 'poor'},{row % 2}" for row in range(count)]
        (tmp_path / f"{part}.csv").write_text("\n".join(["text,label", *rows]))
    return tmp_path


def request(folder, **places):
    data = DataRequest(places.pop("source"), folder, 0, False, 2, 1000, 10, **places)
    return SearchRequest(
        data=data, space=Space("mine", {"units": parse_domain("units", [4, 8])}), trials=2, epochs=1, searcher="random",
        objective=None, warm_start=None, scheduler=SchedulerOptions("none"), patience=None, seed=0, max_params=None,
        time_budget=None, cpus_per_trial=1.0, gpus_per_trial=0.0, concurrency=1, address=None, name="mine", runs_dir=folder,
    )  # fmt: skip


def test_a_search_reads_the_same_parts_again(files, monkeypatch):
    monkeypatch.chdir(files)
    prepared = prepare_search(request(files, source="a.csv", validation_data="b.csv", test_data="c.csv"))
    write_settings(files / "search.yaml", prepared.settings)
    settings = read_settings(files / "search.yaml")
    assert (settings.data.train, settings.data.validation, settings.data.test) == (40, 8, 12)
    assert settings.data.test_data == str(files / "c.csv")
    monkeypatch.chdir("/")
    assert prepare_again(settings).dataset.fingerprint == prepared.data.dataset.fingerprint
    (files / "c.csv").unlink()
    with pytest.raises(InputError, match=r"c.csv: the data of the search mine are gone; bring them back to that place"):
        prepare_again(settings)


def test_a_search_reads_a_named_encoding_again(files):
    path = files / "a.csv"
    path.write_bytes(path.read_text().replace("text number", "goût numéro").encode("cp850"))
    prepared = prepare_search(request(files, source=str(path), encoding="cp850"))
    assert prepared.data.dataset.texts[0].startswith("a goût numéro 0")
    write_settings(files / "search.yaml", prepared.settings)
    settings = read_settings(files / "search.yaml")
    assert settings.data.encoding == "cp850"
    assert prepare_again(settings).dataset.fingerprint == prepared.data.dataset.fingerprint


def test_an_encoding_needs_data_to_read(files):
    with pytest.raises(InputError, match=r"^encoding='cp850': needs `data`"):
        request(files, source=BUILT_IN, encoding="cp850")


def test_a_search_reads_the_files_of_a_pattern_again(files, monkeypatch):
    monkeypatch.chdir(files)
    prepared = prepare_search(request(files, source="[ab].csv"))
    monkeypatch.chdir("/")
    assert prepared.settings.data.source == str(files / "[ab].csv")
    assert prepare_again(prepared.settings).dataset.fingerprint == prepared.data.dataset.fingerprint
    for name in ("a.csv", "b.csv"):
        (files / name).unlink()
    with pytest.raises(InputError, match="are gone; give their place with `data`"):
        prepare_again(prepared.settings)


def test_a_part_apart_needs_data(tmp_path):
    with pytest.raises(InputError, match=r"^test_data='c.csv': needs `data`"):
        request(tmp_path, source=BUILT_IN, test_data="c.csv")


def test_the_command_line_takes_parts_that_lie_apart(files, monkeypatch, capsys):
    monkeypatch.chdir(files)
    Path("search.yaml").write_text("data: a.csv\ntest-data: b.csv\n")
    command = ["search", "--config", "search.yaml", "--test-data", "c.csv", "--dry-run", "--json"]
    assert run(command) == 0
    parts = json.loads(capsys.readouterr().out)["data"]["parts"]
    assert (parts["train"]["texts"] + parts["validation"]["texts"], parts["test"]["texts"]) == (40, 12)


@pytest.mark.parametrize("option", ["--data", "--validation-data", "--test-data"])
def test_an_option_that_is_given_twice_is_an_error(files, option, capsys):
    assert run(["search", "--data", "a.csv", option, "b.csv", option, "c.csv", "--dry-run"]) == 2
    output = capsys.readouterr().err
    assert f"{option} is given " in output
    assert "times" in output


def test_parts_that_lie_apart_go_along_to_a_cluster(files, monkeypatch):
    monkeypatch.chdir(files)
    command = remote_command(["search", "--data=a.csv", "--test-data", "c.csv", "--name", "x"])
    assert set(command.files) == {"submitted/data/a.csv", "submitted/test_data/c.csv"}
    assert "--data submitted/data/a.csv --test-data submitted/test_data/c.csv" in command.line
    assert "a.csv" not in command.line.replace("submitted/data/a.csv", "")
    with pytest.raises(InputError, match="a pattern cannot be submitted; give the folder"):
        remote_command(["search", "--data", "*.csv", "--name", "x"])
