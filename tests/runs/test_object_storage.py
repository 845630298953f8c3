"""Runs on object storage, S3's and Google's: what is where at every moment, and who may write."""

import json
import threading
from pathlib import Path

import pytest

from support.fakes import controller_of, drive, run_settings
from support.object_storage import gs_service, s3_service
from tuner.cli.main import run
from tuner.errors import InputError, StorageFailed
from tuner.runs import mirror
from tuner.runs.fetching import fetch_to_read
from tuner.runs.folder import create_run, find_run
from tuner.runs.journal import read_journal
from tuner.runs.location import RemoteFolder, remote_folder
from tuner.runs.search_state import SearchState
from tuner.runs.settings import write_settings
from tuner.runs.store import RunStore

SERVICES = {"s3": s3_service, "gs": gs_service}


@pytest.fixture(scope="module", params=SERVICES)
def service(request):
    with SERVICES[request.param]() as url:
        yield url


@pytest.fixture
def runs(service, tmp_path, monkeypatch):
    """A folder of its own in the bucket, and a machine of its own: nothing is in its cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return remote_folder(service).child(tmp_path.name)


def elsewhere(monkeypatch, tmp_path):
    """From here on, this is another machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another-cache"))


def fill(folder):
    write_settings(folder.settings, run_settings())
    folder.journal.touch()


def accuracies(path):
    return [
        (e.trial, e.epoch, e.metrics.get("accuracy"))
        for e in SearchState(read_journal(path)).history
        if e.event == "epoch"
    ]


def test_a_url_that_pathlib_has_had_is_itself_again():
    url = "s3://bucket/runs?scheme=http&endpoint_override=127.0.0.1:9000"
    assert remote_folder(Path(url)) == RemoteFolder(url)
    assert remote_folder(Path(url) / "mine") == RemoteFolder(url).child("mine")
    assert RemoteFolder(url).child("mine").parent == RemoteFolder(url)
    assert remote_folder("runs") is remote_folder("/tmp/runs") is remote_folder(Path("a:b")) is None
    with pytest.raises(InputError, match="ftp is no storage that is known"):
        remote_folder("ftp://host/runs")


def test_a_search_is_there_whole_when_it_is_over_and_readable_from_another_machine(runs, tmp_path, monkeypatch, capsys):
    store = RunStore(create_run(Path(runs.url), "mine", fill))
    controller = controller_of(store)
    drive(controller, store)
    controller.end("finished")
    store.close()
    found = set(runs.child("mine").files())
    assert found >= {"search.yaml", "journal.jsonl", "trials.parquet", "epochs.parquet"}
    assert {name for name in found if name.startswith("models/")} == {
        f"models/{path.name}/best.npz" for path in (store.folder.path / "models").iterdir()
    }
    assert not any("owner" in name or "probe" in name for name in found)

    elsewhere(monkeypatch, tmp_path)
    assert run(["rank", runs.child("mine").url, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["folder"] == runs.child("mine").url
    assert len(document["trials"]) == 10
    folder = find_run("mine", Path(runs.url))
    assert not (folder.path / "models").exists()
    assert (folder.with_models().path / "models" / document["trials"][0]["trial_id"] / "best.npz").exists()


@pytest.mark.tensorflow
def test_a_report_and_a_model_are_made_of_a_run_over_there(runs, run_path, tmp_path, monkeypatch, capsys):
    for path in run_path.rglob("*"):
        if path.is_file():
            runs.child("far").write(str(path.relative_to(run_path)), path.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert run(["report", "far", "--runs-dir", runs.url]) == 0
    assert run(["export", "far", "--runs-dir", runs.url, "--trial", "best"]) == 0
    told = capsys.readouterr()
    assert not told.err
    assert "report.html" in runs.child("far").files()
    assert runs.child("far").child("report.html").url in told.out
    assert (tmp_path / "exports" / "far-00000" / "saved_model.pb").exists()


@pytest.mark.slow
@pytest.mark.parametrize("same_machine", [True, False])
def test_a_killed_search_goes_on_to_the_same_end(runs, tmp_path, monkeypatch, same_machine):
    whole = RunStore(create_run(Path(runs.url), "whole", fill))
    drive(controller_of(whole), whole)

    store = RunStore(create_run(Path(runs.url), "mine", fill))
    drive(controller_of(store), store, reports=13)
    store._mirror._round()
    drive(controller_of(store), store, reports=5)  # of these nothing is uploaded
    kill(store)
    before = accuracies(store.folder.journal)
    if not same_machine:
        elsewhere(monkeypatch, tmp_path)
        monkeypatch.setattr(mirror, "SECONDS_UNTIL_STALE", 0.0)
    again = RunStore(find_run("mine", Path(runs.url)))
    assert len(accuracies(again.folder.journal)) == (len(before) if same_machine else 13)
    assert drive(controller_of(again), again)
    again.close()
    assert accuracies(again.folder.journal) == accuracies(whole.folder.journal)
    kill(whole)


def test_states_over_there_are_never_newer_than_the_journal(runs):
    store = RunStore(create_run(Path(runs.url), "mine", fill))
    remote, busy = runs.child("mine"), threading.Event()

    def upload():
        while not busy.is_set():
            store._mirror._round()

    uploads = threading.Thread(target=upload)
    uploads.start()
    controller = controller_of(store)
    drive(controller, store, reports=150)
    busy.set()
    uploads.join()
    store._mirror._round()
    for name in remote.files():
        if name.endswith("last.npz"):
            trial, epoch = name.split("/")[1], int(remote.read(name).split()[-1])
            journal = remote.read("journal.jsonl").decode()
            assert f'"trial":"{trial}","epoch":{epoch},' in journal
    kill(store)


def test_two_machines_cannot_have_a_run_at_once(runs, tmp_path, monkeypatch):
    store = RunStore(create_run(Path(runs.url), "mine", fill))
    with pytest.raises(InputError, match="another process on this machine runs this search"):
        RunStore(find_run("mine", Path(runs.url)))
    elsewhere(monkeypatch, tmp_path)
    with pytest.raises(InputError, match=r"process \d+ on \S+ runs this search \(seen \d s ago\)"):
        RunStore(find_run("mine", Path(runs.url)))
    monkeypatch.setattr(mirror, "SECONDS_UNTIL_STALE", -1.0)
    other = RunStore(find_run("mine", Path(runs.url)))
    store._mirror._round()
    with pytest.raises(StorageFailed, match="has taken this search over; this process stops"):
        drive(controller_of(store), store)
    drive(controller_of(other), other, reports=3)
    other.close()
    assert len(accuracies(find_run("mine", Path(runs.url)).journal)) == 3


@pytest.mark.slow
def test_storage_that_goes_away_is_one_line_and_the_working_copy_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with gs_service() as service:
        url = service.replace("retry_limit_seconds=5", "retry_limit_seconds=0.5")
        store = RunStore(create_run(Path(url), "mine", fill))
        drive(controller_of(store), store, reports=5)
    with pytest.raises(StorageFailed, match=r"could not be written .* all of it is in") as caught:
        store.close()
    assert "\n" not in str(caught.value)
    assert len(accuracies(store.folder.journal)) == 5


def test_a_taken_name_and_a_missing_run_are_one_line(runs):
    store = RunStore(create_run(Path(runs.url), "mine", fill))
    store.close()
    with pytest.raises(InputError, match="exists; choose another name"):
        create_run(Path(runs.url), "mine", fill)
    with pytest.raises(InputError, match=r"no run .*; there are: mine"):
        fetch_to_read(runs.child("other"))
    with pytest.raises(InputError, match="cannot be used"):
        create_run(Path(runs.url.replace("bucket", "nobucket")), "mine", fill)


def kill(store):
    """What is left of a process that was killed: nothing is uploaded any more, and its local locks are free."""
    store._mirror._ending.set()
    store._mirror._thread.join()
    store._mirror._local_lock.release()
    store._journal._lock.release()
    store._journal._file.close()
