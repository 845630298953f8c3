import pytest

from support.fakes import conductor_of, drive, run_folder
from tuner.runs.store import RunStore
from tuner.search.common_failure import CommonFailure


@pytest.fixture
def store(tmp_path):
    return RunStore(run_folder(tmp_path / "run"))


def fail(conductor, *errors):
    for error in errors:
        trial = conductor.next_trial().trial
        conductor.on_start(trial)
        conductor.on_failure(trial, error)


def test_three_failures_for_one_reason_are_enough_whatever_their_numbers(store):
    conductor, watch = conductor_of(store), CommonFailure(store.ledger)
    fail(conductor, "ImportError: libcudnn.so.9 (pid=7)", "ImportError: libcudnn.so.9 (pid=18)")
    assert watch.reason(store.ledger) is None
    fail(conductor, "ImportError: libcudnn.so.9 (pid=0x3f)")
    assert watch.reason(store.ledger) == "ImportError: libcudnn.so.9 (pid=7)"


@pytest.mark.parametrize("last", ["ValueError: b", "out of memory: estimated 3 MiB"])
def test_different_reasons_do_not_count(store, last):
    conductor, watch = conductor_of(store), CommonFailure(store.ledger)
    fail(conductor, "ValueError: a", "ValueError: a", last)
    assert watch.reason(store.ledger) is None


def test_lack_of_memory_does_not_count_for_the_next_network_may_be_smaller(store):
    conductor, watch = conductor_of(store), CommonFailure(store.ledger)
    fail(conductor, *["out of memory: estimated 3 MiB"] * 3)
    assert watch.reason(store.ledger) is None


def test_one_epoch_of_one_trial_shows_that_not_all_fail(store):
    watch, conductor = CommonFailure(store.ledger), conductor_of(store)
    drive(conductor, store, reports=1)
    fail(conductor, *["ValueError: a"] * 3)
    assert watch.reason(store.ledger) is None


def test_what_failed_before_the_resumption_is_no_reason_to_stop_again(store):
    fail(conductor_of(store), *["ValueError: a"] * 3)
    watch = CommonFailure(store.ledger)
    assert watch.reason(store.ledger) is None
    fail(conductor_of(store), *["ValueError: a"] * 3)
    assert watch.reason(store.ledger) == "ValueError: a"
