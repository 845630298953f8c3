import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis import load
from support.fakes import controller_of, drive, run_folder, run_settings
from tuner.errors import InputError, SearchFailed
from tuner.runs.settings import write_settings
from tuner.runs.store import RunStore
from tuner.submit import on_head
from tuner.submit.fetching import _unpack, _whole_log, arrived, read_packed


@pytest.fixture
def run(tmp_path):
    (tmp_path / "there").mkdir()
    folder = run_folder(tmp_path / "there" / "mine")
    write_settings(folder.settings, run_settings())
    store = RunStore(folder)
    controller = controller_of(store)
    drive(controller, store)
    controller.end("finished")
    store.close()
    return folder


def packed_log(*arguments, **environment):
    """What the head prints, by a Python without our packages."""
    script = Path(on_head.__file__)
    command = [sys.executable, "-I", str(script), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return f"a line of Ray\n{result.stdout}"


def test_a_run_comes_home_as_it_is(run, tmp_path):
    place, content = read_packed(packed_log("mine", run.path.parent))
    assert place == str(run.path)
    fetched = arrived("mine", tmp_path / "here", lambda partial: _unpack(content, partial))
    names = {str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()}
    assert {str(path.relative_to(fetched.path)) for path in fetched.path.rglob("*") if path.is_file()} == names
    assert all((run.path / name).read_bytes() == (fetched.path / name).read_bytes() for name in names)
    assert load(fetched.path).trials.equals(load(run.path).trials)
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["mine"]


def test_nothing_is_written_outside_the_folder(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in ("journal.jsonl", "models/00000/best.npz", "../above.txt", str(tmp_path / "absolute.txt")):
            info = tarfile.TarInfo(name)
            info.size = 2
            archive.addfile(info, io.BytesIO(b"{}"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    _unpack(buffer.getvalue(), tmp_path / "run")
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()} == {
        "run/journal.jsonl", "run/models/00000/best.npz",
    }  # fmt: skip


def test_the_heads_own_place_is_the_variable_or_the_home_folder(run):
    assert read_packed(packed_log("mine", FRONTIER_TUNER_RUNS=str(run.path.parent)))[0] == str(run.path)
    with pytest.raises(InputError, match=r"no run 'mine'; there are no runs in .*/runs of the head"):
        read_packed(packed_log("mine", HOME=str(run.path)))
    with pytest.raises(InputError, match=r"no run 'other'; there are: mine"):
        read_packed(packed_log("other", run.path.parent))


def test_a_run_on_object_storage_is_only_named():
    assert read_packed(packed_log("mine", "s3://bucket/runs?region=x")) == ("s3://bucket/runs/mine?region=x", None)


def test_what_arrives_damaged_is_refused(run):
    log = packed_log("mine", run.path.parent)
    with pytest.raises(SearchFailed, match="cut off"):
        read_packed(log[: len(log) // 2])
    first, second = (line for line in log.splitlines()[3:5])
    with pytest.raises(SearchFailed, match="arrived damaged"):
        read_packed(log.replace(first, second))


def test_a_search_that_writes_meanwhile_is_copied_again(run, monkeypatch):
    original, calls = on_head._archive, []

    def archive(folder):
        calls.append(folder)
        if len(calls) < 3:
            with (folder / "journal.jsonl").open("a") as journal:
                journal.write("\n")
        return original(folder)

    monkeypatch.setattr(on_head, "_archive", archive)
    on_head.packed(run.path)
    assert len(calls) == 3


def test_a_run_that_is_too_large_says_what_else_to_do(run, monkeypatch):
    monkeypatch.setattr(on_head, "MOST_BYTES", 100)
    with pytest.raises(LookupError, match="rsync-down"):
        on_head.packed(run.path)


def lines(run, count, folder):
    (folder / "search.yaml").write_bytes((run.path / "search.yaml").read_bytes())
    journal = (run.path / "journal.jsonl").read_text().splitlines(keepends=True)
    (folder / "journal.jsonl").write_text("".join(journal[:count]))


def test_a_later_state_replaces_an_earlier_one_and_nothing_else(run, tmp_path):
    for count in (3, 5, 5):
        folder = arrived("mine", tmp_path, lambda partial, count=count: lines(run, count, partial))
        assert len(folder.journal.read_text().splitlines()) == count
    with pytest.raises(InputError, match="is another run, or went on here"):
        arrived("mine", tmp_path, lambda partial: lines(run, 4, partial))
    other = run_settings().model_copy(update={"created": "another day"})
    write_settings(tmp_path / "mine" / "search.yaml", other)
    with pytest.raises(InputError, match="is another run"):
        arrived("mine", tmp_path, lambda partial: lines(run, 6, partial))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "there"]


def test_what_breaks_off_leaves_nothing(tmp_path):
    def fill(partial):
        (partial / "search.yaml").write_text(json.dumps({}))
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match="No space left on device"):
        arrived("mine", tmp_path, fill)
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_is_not_all_there_yet_is_asked_for_again(monkeypatch):
    logs = ["", f"{on_head.BEGIN}\n{{}}", f"{on_head.BEGIN}\n{{}}\n{on_head.END}\n"]
    monkeypatch.setattr("tuner.submit.fetching.time.sleep", lambda _: None)
    server = SimpleNamespace(log=lambda _: logs.pop(0))
    assert _whole_log(server, "job").endswith(f"{on_head.END}\n")
    assert logs == []
