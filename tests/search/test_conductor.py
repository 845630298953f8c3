import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from fakes import PLAN, conductor_of, drive, fake_report, run_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuner.runs.journal import read_journal
from tuner.runs.ledger import Ledger
from tuner.runs.store import RunStore
from tuner.search.schedulers.scheduler import Decision


def summary(ledger):
    return {
        record.trial: (record.status, record.config, [(e.epoch, e.val_accuracy, e.decision) for e in record.epochs])
        for record in ledger.trials.values()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    store = RunStore(run_folder(tmp_path_factory.mktemp("whole") / "run"))
    conductor = conductor_of(store)
    assert drive(conductor, store)
    conductor.end("finished")
    store.close()
    return store


def test_a_whole_search_stops_some_and_completes_some(whole):
    statuses = [record.status for record in whole.ledger.trials.values()]
    assert len(statuses) == PLAN.trials
    assert set(statuses) == {"completed", "stopped"}


def test_tables_hold_the_best_epoch_and_the_journal_gives_the_same(whole):
    trials = pq.read_table(whole.folder.trials_table).to_pylist()
    epochs = pq.read_table(whole.folder.epochs_table).to_pylist()
    for row in trials:
        accuracies = {e["epoch"]: e["val_accuracy"] for e in epochs if e["trial_id"] == row["trial_id"]}
        assert row["val_accuracy"] == max(accuracies.values()) == accuracies[row["best_epoch"]]
        assert row["epochs"] == len(accuracies)
    assert summary(Ledger(read_journal(whole.folder.journal))) == summary(whole.ledger)


def test_weights_are_kept_for_the_best_and_the_frontier_alone(whole):
    kept = {path.name for path in (whole.folder.path / "models").iterdir()}
    ranked = sorted(whole.ledger.trials.values(), key=lambda r: -r.accuracy)
    assert {record.trial for record in ranked[:5]} <= kept
    assert len(kept) < PLAN.trials
    assert all(
        [file.name for file in (whole.folder.path / "models" / trial).iterdir()] == ["best.npz"] for trial in kept
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 20), min_size=1, max_size=5), torn=st.integers(0, 40), lose_states=st.booleans())
def test_an_interrupted_search_decides_as_one_that_ran_through(tmp_path_factory, whole, cuts, torn, lose_states):
    """Killed after any number of reports, with half an event at the end of the journal and states lost or not."""
    folder = run_folder(tmp_path_factory.mktemp("cut") / "run")
    for cut in cuts:
        store = RunStore(folder)
        is_whole = drive(conductor_of(store), store, reports=cut)
        store.close()  # what a killed process leaves to its operating system: the lock
        if is_whole:
            break
        with folder.journal.open("ab") as journal:
            journal.write(b'{"time":1.0,"event":"epoch","trial":"00000","epoch":'[:torn])
        if lose_states:
            for state in folder.path.glob("models/*/last.npz"):
                state.unlink()
    store = RunStore(folder)
    assert drive(conductor_of(store), store)
    assert summary(store.ledger) == summary(whole.ledger)
    reports = [(event.trial, event.epoch) for event in store.ledger.reports]
    assert len(reports) == len(set(reports))


def test_a_loss_that_is_no_number_ends_the_trial_as_diverged(tmp_path):
    store = RunStore(run_folder(tmp_path / "run"))
    conductor = conductor_of(store)
    assignment = conductor.next_trial()
    conductor.on_start(assignment.trial)
    report = replace(fake_report(0, 1), train_loss=float("nan"), val_loss=float("nan"), val_accuracy=float("nan"))
    assert conductor.on_report(assignment.trial, report, last=b"", best=None) is Decision.STOP
    record = store.ledger.trials[assignment.trial]
    assert (record.status, record.accuracy, record.epochs[0].val_loss) == ("diverged", None, None)
    for line in store.folder.journal.read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_a_failure_is_recorded_and_the_next_trial_comes(tmp_path):
    store = RunStore(run_folder(tmp_path / "run"))
    conductor = conductor_of(store)
    first = conductor.next_trial()
    conductor.on_start(first.trial)
    conductor.on_failure(first.trial, "ResourceExhaustedError: out of memory")
    assert store.ledger.trials[first.trial].error == "ResourceExhaustedError: out of memory"
    assert conductor.next_trial().index == 1


def test_a_trial_that_waits_is_pending(tmp_path):
    store = RunStore(run_folder(tmp_path / "run"))
    trial = conductor_of(store).next_trial().trial
    assert store.ledger.trials[trial].status == "pending"
