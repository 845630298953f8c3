import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis import load
from search_spaces import Choice, Space
from search_spaces.documents import space_document
from support.fakes import controller_of, drive, run_folder, run_settings
from tuner.cli.main import run
from tuner.cli.parsing import Duration
from tuner.cli.search_options import search
from tuner.data.pipeline import DataRequest
from tuner.data.reading.columns import Columns
from tuner.formatting import duration_text
from tuner.operations.requests import option_names
from tuner.runs.settings import read_settings, write_settings
from tuner.runs.store import RunStore
from tuner.search.request import SearchRequest
from tuner.search.schedulers.options import SchedulerOptions

HEAVY = ("ray", "tensorflow", "keras", "pandas", "numpy", "pyarrow", "rich", "yaml", "pydantic", "altair", "jinja2")


COMMANDS = (
    "",
    "search",
    "resume",
    "rank",
    "confirm",
    "distill",
    "export",
    "predict",
    "explain",
    "report",
    "spaces",
    "reproduce",
    "submit",
    "doctor",
)


@pytest.fixture(scope="module")
def helped():
    """The help of each command, and the heavy packages that were there after it, all in one new process."""
    code = f"""
import contextlib, io, json, sys
from tuner.cli.main import run
told = {{}}
for command in {COMMANDS}:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run([*[command] * bool(command), "--help"])
    told[command] = [code, out.getvalue(), [name for name in {HEAVY} if name in sys.modules]]
print(json.dumps(told))
"""
    return json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_heavy(command, helped):
    code, text, loaded = helped[command]
    assert (code, loaded) == (0, [])
    assert text.startswith(f"Usage: python -m tuner {command}".strip())


def test_every_option_of_a_search_is_in_its_request():
    not_asked = {"settings", "hypermodel", "config", "dry_run", "as_json"}  # the first two make the space
    asked = {
        name for kind in (DataRequest, Columns, SchedulerOptions, SearchRequest) for name in option_names(kind).values()
    }
    assert {param.name for param in search.params} - asked == not_asked


@pytest.fixture
def finished(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    folder = run_folder(tmp_path / "runs" / "mine")
    write_settings(folder.settings, run_settings())
    store = RunStore(folder)
    controller = controller_of(store)
    drive(controller, store)
    controller.end("finished")
    store.close()
    return folder


def test_rank_prints_json_alone(finished, capsys):
    assert run(["rank", "mine", "--top", "3", "--by", "frontier", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["trials"]) == 3
    sizes = [trial["parameters"] for trial in document["trials"] if trial["on_frontier"]]
    assert sizes == sorted(sizes)
    assert document["trials"][0]["config"]["cell"] in ("gru", "lstm")


def test_rank_shows_a_table(finished, capsys):
    assert run(["rank", "mine"]) == 0
    output = capsys.readouterr().out
    assert "val acc" in output
    assert "12 trials" in output


def test_the_environment_gives_the_place_of_runs_and_the_option_overrides_it(finished, tmp_path, monkeypatch, capsys):
    finished.path.parent.rename(tmp_path / "elsewhere")
    assert run(["rank", "mine"]) == 2
    monkeypatch.setenv("FRONTIER_TUNER_RUNS", "elsewhere")
    assert run(["rank", "mine"]) == 0
    assert load("mine").name == "mine"
    assert run(["rank", "mine", "--runs-dir", "nowhere"]) == 2
    assert "there are no runs in nowhere; give their folder with --runs-dir" in capsys.readouterr().err


def test_a_finished_run_says_so_when_resumed(finished, capsys):
    assert run(["resume", "mine"]) == 0
    assert "mine is finished: 12 trials" in capsys.readouterr().out


def test_a_finished_search_can_have_more_trials_but_not_fewer(finished, capsys, monkeypatch):
    resumed = {}

    def resume(store, settings, *_):
        resumed["trials"] = settings.trials
        return "finished"

    monkeypatch.setattr("tuner.operations.searches.resume_search", resume)
    monkeypatch.setattr("tuner.search.resumption.prepare_again", lambda *_, **__: SimpleNamespace(encoded=None))
    assert run(["resume", "mine", "--trials", "12"]) == 2
    assert "--trials 12: run has 12 already" in capsys.readouterr().err
    assert run(["resume", "mine", "--trials", "15"]) == 0
    assert "resuming mine: 3 of 15 trials are left" in capsys.readouterr().out
    assert resumed["trials"] == read_settings(finished.settings).trials == 15


def test_a_torn_last_line_is_cut_off_and_said(finished, capsys, monkeypatch):
    monkeypatch.setattr("tuner.operations.searches.resume_search", lambda *_: "finished")
    monkeypatch.setattr("tuner.search.resumption.prepare_again", lambda *_, **__: SimpleNamespace(encoded=None))
    whole = finished.journal.read_bytes()
    with finished.journal.open("ab") as journal:
        journal.write(b'{"time":1.0,"eve')
    assert run(["resume", "mine", "--trials", "15"]) == 0
    assert "the last line of the journal was cut short by a crash; it was cut off" in capsys.readouterr().out
    assert finished.journal.read_bytes() == whole


def test_a_grid_that_is_done_cannot_be_extended(finished, capsys):
    grid = Space("small", {"units": Choice((8, 16, 32, 64)), "layers": Choice((1, 2, 3))})
    write_settings(
        finished.settings, run_settings().model_copy(update={"searcher": "grid", "space": space_document(grid)})
    )
    assert run(["resume", "mine", "--trials", "13"]) == 2
    assert "--trials 13: the grid of run is done, all 12 points of it" in capsys.readouterr().err


def test_data_that_changed_are_refused(finished, tmp_path, capsys):
    (tmp_path / "texts.csv").write_text("text,label\n" + "".join(f"text {i} is {i % 2},{i % 2}\n" for i in range(40)))
    settings = run_settings()
    data = settings.data.model_copy(update={"source": str(tmp_path / "texts.csv"), "fingerprint": "a" * 64})
    write_settings(finished.settings, settings.model_copy(update={"data": data}))
    assert run(["resume", "mine", "--trials", "13"]) == 2
    assert "the data have changed since the search run began" in capsys.readouterr().err


def test_data_that_were_moved_are_named(finished, tmp_path, capsys, monkeypatch):
    settings, seen = run_settings(), {}
    data = settings.data.model_copy(update={"source": "/elsewhere/texts.csv"})
    write_settings(finished.settings, settings.model_copy(update={"data": data}))
    assert run(["resume", "mine", "--trials", "13"]) == 2
    assert (
        "/elsewhere/texts.csv: the data of the search run are gone; give their place with --data"
        in capsys.readouterr().err
    )

    def prepare_again(settings, **_):
        seen["source"] = settings.data.source
        return SimpleNamespace(encoded=None)

    monkeypatch.setattr("tuner.search.resumption.prepare_again", prepare_again)
    monkeypatch.setattr("tuner.operations.searches.resume_search", lambda *_: "finished")
    (tmp_path / "texts.csv").touch()
    assert run(["resume", "mine", "--trials", "13", "--data", "texts.csv"]) == 0
    assert seen["source"] == str(tmp_path / "texts.csv") == read_settings(finished.settings).data.source


def test_spaces_lists_and_shows(capsys):
    assert run(["spaces"]) == 0
    assert "imdb_lstm_compound_scaling" in capsys.readouterr().out
    assert run(["spaces", "frontier", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "frontier"


def test_the_space_that_is_shown_can_be_read_back(capsys, tmp_path):
    from search_spaces import named_space, read_space

    run(["spaces", "frontier"])
    path = tmp_path / "copy.yaml"
    path.write_text(capsys.readouterr().out)
    assert read_space(path) == named_space("frontier")


def test_a_config_file_gives_defaults_that_the_command_line_overrides(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text("trials: 5\nepochs: 3\nname: 2026-01-01\nset: {units: 8}\n")
    assert run(["search", "--config", "c.yaml", "--epochs", "4", "--dry-run"]) == 0
    output = capsys.readouterr().out
    assert "5 of at most 4 epochs" in output
    assert "units=8" in output


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1.5h", 5400)])
def test_durations(text, seconds):
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"), [(42, "42 s"), (200, "3 min 20 s"), (1800, "30 min"), (7500, "2 h 05 min")]
)
def test_durations_for_people(seconds, text):
    assert duration_text(seconds) == text


@pytest.mark.parametrize("columns", ["40", "60"])
def test_a_narrow_terminal_never_cuts_a_figure(finished, columns):
    command = [sys.executable, "-m", "tuner", "rank", "mine", "--top", "3"]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        cwd=finished.path.parents[1],
        env=environment(COLUMNS=columns),
    )
    accuracies = [f"{value:.4f}" for value in load("mine").trials["val_accuracy"].nlargest(3)]
    assert all(accuracy in result.stdout for accuracy in accuracies)


def test_a_reader_that_had_enough_is_no_error(finished):
    result = in_bash(f"{sys.executable} -m tuner rank mine | head -n 1; exit ${{PIPESTATUS[0]}}", finished)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_full_disk_is_one_line(finished):
    result = in_bash(f"{sys.executable} -m tuner rank mine > /dev/full", finished)
    assert result.returncode == 1
    assert result.stderr.splitlines()[0].startswith("error: No space left on device")


def in_bash(command, run):
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=run.path.parents[1], env=environment()
    )


def environment(**changes):
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **changes}
