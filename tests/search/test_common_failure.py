import pytest

from support.fakes import controller_of, drive, run_folder
from tuner.runs.store import RunStore
from tuner.search.common_failure import CommonFailure


@pytest.fixture
def store(tmp_path):
    return RunStore(run_folder(tmp_path / "run"))


def fail(controller, *errors):
    for error in errors:
        trial = controller.next_trial().trial
        controller.on_start(trial)
        controller.on_failure(trial, error)


def test_three_failures_for_one_reason_are_enough_whatever_their_numbers(store):
    controller, watch = controller_of(store), CommonFailure(store.search_state)
    fail(controller, "ImportError: libcudnn.so.9 (pid=7)", "ImportError: libcudnn.so.9 (pid=18)")
    assert watch.reason(store.search_state) is None
    fail(controller, "ImportError: libcudnn.so.9 (pid=0x3f)")
    assert watch.reason(store.search_state) == "ImportError: libcudnn.so.9 (pid=7)"


@pytest.mark.parametrize("last", ["ValueError: b", "out of memory: estimated 3 MiB"])
def test_different_reasons_do_not_count(store, last):
    controller, watch = controller_of(store), CommonFailure(store.search_state)
    fail(controller, "ValueError: a", "ValueError: a", last)
    assert watch.reason(store.search_state) is None


def test_lack_of_memory_does_not_count_for_the_next_network_may_be_smaller(store):
    controller, watch = controller_of(store), CommonFailure(store.search_state)
    fail(controller, *["out of memory: estimated 3 MiB"] * 3)
    assert watch.reason(store.search_state) is None


def test_one_epoch_of_one_trial_shows_that_not_all_fail(store):
    watch, controller = CommonFailure(store.search_state), controller_of(store)
    drive(controller, store, reports=1)
    fail(controller, *["ValueError: a"] * 3)
    assert watch.reason(store.search_state) is None


def test_what_failed_before_the_resumption_is_no_reason_to_stop_again(store):
    fail(controller_of(store), *["ValueError: a"] * 3)
    watch = CommonFailure(store.search_state)
    assert watch.reason(store.search_state) is None
    fail(controller_of(store), *["ValueError: a"] * 3)
    assert watch.reason(store.search_state) == "ValueError: a"
