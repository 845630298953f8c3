import errno

import pytest

from support.fakes import controller_of, drive, run_folder
from tuner.errors import StorageFailed
from tuner.runs import store as store_module
from tuner.runs.store import RunStore


def reports(store):
    return [
        (e.trial, e.epoch, e.metrics.get("accuracy"), e.decision)
        for e in store.search_state.history
        if e.event == "epoch"
    ]


@pytest.mark.parametrize("write", ["write_bytes_atomically", "write_tables"])
def test_a_disk_that_fills_up_is_one_line_and_the_search_goes_on_afterwards(tmp_path, monkeypatch, write):
    whole = RunStore(run_folder(tmp_path / "whole"))
    drive(controller_of(whole), whole)

    store = RunStore(run_folder(tmp_path / "run"))
    drive(controller_of(store), store, reports=9)

    def no_room(path, *_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    def go_on():
        drive(controller_of(store), store)
        store.close()

    with monkeypatch.context() as full:
        full.setattr(store_module, write, no_room)
        with pytest.raises(StorageFailed, match=r"No space left on device; fix that, .* resume") as said:
            go_on()
    assert "\n" not in str(said.value)
    store.close()
    again = RunStore(run_folder(tmp_path / "run"))
    assert drive(controller_of(again), again)
    assert reports(again) == reports(whole)


def test_tables_follow_less_often_where_writing_them_takes_long(tmp_path, monkeypatch):
    now, written = 0.0, []

    def slow_write(*_, **__):
        nonlocal now
        written.append(now)
        now += 1.0

    monkeypatch.setattr(store_module, "write_tables", slow_write)
    monkeypatch.setattr(store_module.time, "monotonic", lambda: now)
    store = RunStore(run_folder(tmp_path / "run"))
    controller = controller_of(store)
    controller.start()
    trial = controller.next_trial().trial
    for _ in range(100):
        now += 1.0
        controller.on_start(trial)
    assert len(written) == pytest.approx(100 / 20, abs=1)
