import shlex

import click
import pytest

from tuner.cli.submit import remote_command
from tuner.errors import InputError


def words(line):
    """What the head's shell makes of a command."""
    return shlex.split(line)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def last(line, option):
    """The value of an option that counts."""
    found = [value for name, value in zip(words(line), words(line)[1:], strict=False) if name == option]
    return found[-1]


def test_a_search_gets_a_name_and_the_heads_own_places():
    command = remote_command(["search", "--trials", "5"])
    assert words(command.line)[:7] == ["exec", "python", "-m", "tuner", "search", "--trials", "5"]
    assert last(command.line, "--name") == command.run
    assert command.line.endswith(
        ' --runs-dir "${FRONTIER_TUNER_RUNS:-$HOME/runs}" --data-dir "$HOME/frontier-tuner-data"'
    )
    assert (command.files, command.data, command.runs_dir) == ({}, None, None)


def test_nothing_that_is_typed_reaches_the_shell():
    evil = "x; touch owned $(touch owned) `touch owned` 'y\" && \n z"
    command = remote_command(["search", "--name", evil, "--set", "units=8;9"])
    assert evil in words(command.line)
    assert "units=8;9" in words(command.line)
    assert words(command.line)[-1] == "$HOME/frontier-tuner-data"


def test_files_that_a_command_names_go_along(folder):
    (folder / "my reviews.csv").write_text("text,label\n")
    (folder / "space.yaml").write_text("name: mine\n")
    command = remote_command(["search", "--data", "my reviews.csv", "--space=space.yaml", "--name", "a"])
    assert {name: path.resolve() for name, path in command.files.items()} == {
        "submitted/data/my reviews.csv": folder / "my reviews.csv",
        "submitted/space/space.yaml": folder / "space.yaml",
    }
    assert last(command.line, "--data") == "submitted/data/my reviews.csv"
    assert last(command.line, "--space") == "submitted/space/space.yaml"
    assert command.data == folder / "my reviews.csv"


def test_files_of_a_configuration_go_along(folder):
    (folder / "texts.csv").write_text("text,label\n")
    (folder / "search.yaml").write_text("data: texts.csv\ntrials: 3\n")
    command = remote_command(["search", "--config", "search.yaml", "--name", "a"])
    assert set(command.files) == {"submitted/config/search.yaml", "submitted/data/texts.csv"}
    assert last(command.line, "--data") == "submitted/data/texts.csv"


def test_a_folder_of_classes_goes_along(folder):
    for label in ("good", "bad"):
        (folder / "texts" / label).mkdir(parents=True)
        (folder / "texts" / label / "1.txt").write_text("a text")
    command = remote_command(["search", "--data", "texts"])
    assert set(command.files) == {"submitted/data/texts/good/1.txt", "submitted/data/texts/bad/1.txt"}


def test_names_and_urls_stay_what_they_are():
    command = remote_command(
        ["search", "--data", "imdb", "--runs-dir", "s3://bucket/runs?region=x", "--space", "frontier"]
    )
    assert command.files == {}
    assert command.runs_dir == "s3://bucket/runs?region=x"
    assert "FRONTIER_TUNER_RUNS" not in command.line
    assert last(command.line, "--data") == "imdb"


def test_an_earlier_run_of_this_machine_goes_along_without_its_weights(folder):
    (folder / "runs" / "first" / "models").mkdir(parents=True)
    for name in ("search.yaml", "journal.jsonl", "models/weights"):
        (folder / "runs" / "first" / name).write_text("x")
    command = remote_command(["search", "--warm-start", "first"])
    assert set(command.files) == {"submitted/warm_start/first/search.yaml", "submitted/warm_start/first/journal.jsonl"}
    assert last(command.line, "--warm-start") == "submitted/warm_start/first"
    assert last(remote_command(["search", "--warm-start", "second"]).line, "--warm-start") == "second"


@pytest.mark.parametrize(
    ("arguments", "run"), [(["resume", "first"], "first"), (["confirm", "s3://b/r/first"], "s3://b/r/first")]
)
def test_a_command_on_a_run_is_named_by_it(arguments, run):
    command = remote_command(arguments)
    assert command.run == run
    assert "--name" not in words(command.line)
    assert "--data-dir" not in command.line


@pytest.mark.parametrize("arguments", [[], ["rank", "first"], ["rm", "-rf", "/"]])
def test_other_commands_are_refused(arguments):
    with pytest.raises(InputError, match="cannot be submitted; give one of search, resume, confirm, reproduce"):
        remote_command(arguments)


def test_a_folder_that_ends_with_the_job_is_refused():
    with pytest.raises(InputError, match="--runs-dir mine: the job's folder does not outlive the job"):
        remote_command(["search", "--runs-dir", "mine"])


def test_wrong_options_are_refused_before_anything_is_sent():
    with pytest.raises(click.UsageError, match="No such option"):
        remote_command(["search", "--trails", "5"])
