from pathlib import Path

import pytest

from tuner.errors import InputError
from tuner.runs.folder import RunFolder, create_run, find_run
from tuner.runs.location import remote_folder


def fill(folder):
    folder.settings.write_text("name: a\n")


def test_a_run_is_there_whole_or_not_at_all(tmp_path):
    def break_off(folder):
        fill(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_run(tmp_path, "mine", break_off)
    assert list(tmp_path.iterdir()) == []
    assert create_run(tmp_path, "mine", fill).settings.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_taken_name_is_refused_and_left_alone(tmp_path):
    create_run(tmp_path, "mine", fill)
    with pytest.raises(InputError, match=r"name='mine': the run .* exists; choose another name"):
        create_run(tmp_path, "mine", fill)


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a b", "x" * 101])
def test_unusable_names_are_refused(tmp_path, name):
    with pytest.raises(InputError, match="use letters, digits"):
        create_run(tmp_path, name, fill)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        create_run(tmp_path / "file", "mine", fill)


def test_runs_are_found_by_name_and_by_folder(tmp_path):
    folder = create_run(tmp_path, "mine", fill)
    assert find_run("mine", tmp_path) == folder
    assert find_run(str(folder.path), tmp_path / "elsewhere") == folder
    with pytest.raises(InputError, match=r"no run 'other'; the newest in .*: mine"):
        find_run("other", tmp_path)
    with pytest.raises(InputError, match="is a folder but not a run"):
        find_run(str(tmp_path), tmp_path / "elsewhere")


def test_the_environment_says_where_runs_are_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FRONTIER_TUNER_RUNS", raising=False)
    assert RunFolder(Path("runs/mine")).reference == "mine"
    monkeypatch.setenv("FRONTIER_TUNER_RUNS", "s3://bucket/runs")
    assert RunFolder(Path("runs/mine")).reference == "runs/mine"
    remote = remote_folder("s3://bucket/runs/mine")
    assert RunFolder(remote.cache("write"), remote).reference == "mine"
    assert RunFolder(Path("cache/mine"), remote_folder("s3://other/runs/mine")).reference == "s3://other/runs/mine"
