import json
from dataclasses import replace
from functools import cache

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.covering import examples
from support.fakes import PLAN, asha, controller_of, drive, fake_report, run_folder
from support.in_memory_store import InMemoryStore
from tuner.runs.best_epoch import epochs_after
from tuner.runs.journal import read_journal
from tuner.runs.search_state import SearchState
from tuner.runs.store import RunStore
from tuner.search.schedulers.forecast import ForecastStopping
from tuner.search.schedulers.halving import PromotionHalving, StoppingHalving
from tuner.search.schedulers.hyperband import Hyperband
from tuner.search.schedulers.median import MedianStopping
from tuner.search.schedulers.population import PopulationBasedTraining
from tuner.search.schedulers.scheduler import Decision, RunToTheEnd
from tuner.search.schedulers.selection import most_accurate, nearest_the_frontier
from tuner.training.report import TrialReport


def summary(search_state):
    return {
        record.trial: (
            record.status,
            record.config,
            [(e.epoch, e.metrics.get("accuracy"), e.decision) for e in record.epochs],
        )
        for record in search_state.trials.values()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    store = RunStore(run_folder(tmp_path_factory.mktemp("whole") / "run"))
    controller = controller_of(store)
    assert drive(controller, store)
    controller.end("finished")
    store.close()
    return store


def test_a_whole_search_stops_some_and_completes_some(whole):
    statuses = [record.status for record in whole.search_state.trials.values()]
    assert len(statuses) == PLAN.trials
    assert set(statuses) == {"completed", "stopped"}


def test_tables_hold_the_best_epoch_and_the_journal_gives_the_same(whole):
    trials = pq.read_table(whole.folder.table("trials")).to_pylist()
    epochs = pq.read_table(whole.folder.table("epochs")).to_pylist()
    for row in trials:
        accuracies = {e["epoch"]: e["val_accuracy"] for e in epochs if e["trial_id"] == row["trial_id"]}
        assert row["val_accuracy"] == max(accuracies.values()) == accuracies[row["best_epoch"]]
        assert row["epochs"] == len(accuracies)
    assert summary(SearchState(read_journal(whole.folder.journal))) == summary(whole.search_state)


def test_weights_are_kept_for_the_best_and_the_frontier_alone(whole):
    kept = {path.name for path in (whole.folder.path / "models").iterdir()}
    ranked = sorted(whole.search_state.trials.values(), key=lambda r: -r.score)
    assert {record.trial for record in ranked[:5]} <= kept
    assert len(kept) < PLAN.trials
    assert all(
        [file.name for file in (whole.folder.path / "models" / trial).iterdir()] == ["best.npz"] for trial in kept
    )


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(0, 20), min_size=1, max_size=5), truncated=st.integers(0, 40), lose_states=st.booleans()
)
def test_an_interrupted_search_decides_as_one_that_ran_through(tmp_path_factory, whole, cuts, truncated, lose_states):
    """Killed after any number of reports, with half an event at the end of the journal and states lost or not."""
    folder = run_folder(tmp_path_factory.mktemp("cut") / "run")
    for cut in cuts:
        store = RunStore(folder)
        is_whole = drive(controller_of(store), store, reports=cut)
        store.close()  # what a killed process leaves to its operating system: the lock
        if is_whole:
            break
        with folder.journal.open("ab") as journal:
            journal.write(b'{"time":1.0,"event":"epoch","trial":"00000","epoch":'[:truncated])
        if lose_states:
            for state in folder.path.glob("models/*/last.npz"):
                state.unlink()
    store = RunStore(folder)
    assert drive(controller_of(store), store)
    assert summary(store.search_state) == summary(whole.search_state)
    reports = [(event.trial, event.epoch) for event in store.search_state.history if event.event == "epoch"]
    assert len(reports) == len(set(reports))


IN_PARTS = replace(PLAN, epochs=2, reports_per_epoch=4)


def part_of_an_epoch(index, report):
    return replace(fake_report(index, report), epoch=epochs_after(report, 4))


@pytest.mark.parametrize("cut", [None, 5, 21])
def test_reports_within_an_epoch_are_decided_on_and_resumed_as_epochs_are(tmp_path, whole, cut):
    """Two epochs of four reports each, against eight epochs, whose reports say the same."""
    store = RunStore(run_folder(tmp_path / "run"))
    if cut is not None:
        scheduler = asha()
        assert not drive(
            controller_of(store, IN_PARTS, scheduler=scheduler), store, reports=cut, report_of=part_of_an_epoch
        )
        store.close()
        store = RunStore(store.folder)
    assert drive(controller_of(store, IN_PARTS, scheduler=asha()), store, report_of=part_of_an_epoch)
    found = summary(store.search_state)
    assert found == {
        trial: (status, config, [(epochs_after(epoch, 4), accuracy, decision) for epoch, accuracy, decision in curve])
        for trial, (status, config, curve) in summary(whole.search_state).items()
    }
    store.close()
    trials = pq.read_table(store.folder.table("trials"))
    assert trials.schema.field("best_epoch").type == trials.schema.field("epochs").type == "double"
    assert set(trials["epochs"].to_pylist()) == {0.5, 1.5, 2.0}
    assert pq.read_table(store.folder.table("epochs"))["epoch"].to_pylist()[:3] == [0.25, 0.5, 0.75]


def test_patience_is_in_epochs_whatever_the_reports(tmp_path):
    """The curve falls after its second report; two epochs later, eight reports, the trial is complete."""

    def falling(index, report):
        accuracy = 0.9 - 0.01 * abs(report - 2)
        return replace(part_of_an_epoch(index, report), metrics={"accuracy": accuracy})

    store = RunStore(run_folder(tmp_path / "run"))
    plan = replace(PLAN, trials=1, epochs=8, reports_per_epoch=4, patience=2)
    assert drive(controller_of(store, plan, scheduler=RunToTheEnd()), store, report_of=falling)
    record = store.search_state.trials["00000"]
    assert (record.status, record.best.epoch, record.last_epoch) == ("completed", 0.5, 2.5)


SCHEDULERS = {
    "asha": asha,
    "asha by promotion": lambda: PromotionHalving((2, 6), 3, most_accurate),
    "frontier": lambda: StoppingHalving((1, 3), 3, nearest_the_frontier),
    "frontier by promotion": lambda: PromotionHalving((1, 3), 3, nearest_the_frontier),
    "hyperband": lambda: Hyperband(trials=PLAN.trials, max_epochs=PLAN.epochs),
    "median": lambda: MedianStopping(2),
    "forecast": lambda: ForecastStopping(2, PLAN.epochs),
    "pbt": lambda: PopulationBasedTraining(
        interval=2, seed=0, perturb=lambda source, generator: {"dropout": float(generator.random() / 2)}
    ),
    "none": RunToTheEnd,
}


@pytest.mark.parametrize("name", SCHEDULERS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 40), min_size=1, max_size=4), ahead=st.integers(0, 1), data=st.data())
def test_every_scheduler_decides_after_an_interruption_as_if_there_had_been_none(
    tmp_path_factory, name, cuts, ahead, data
):
    """Killed between any two events of the journal, too: after a call back but before a source's state was copied."""
    whole = undisturbed(name, ahead)
    assert {status for status, *_ in whole.values()} <= {"completed", "stopped"}
    folder = run_folder(tmp_path_factory.mktemp("cut") / "run")
    for cut in cuts:
        store = RunStore(folder)
        is_whole = drive(controller_of(store, scheduler=SCHEDULERS[name]()), store, reports=cut, ahead=ahead)
        store.close()
        if is_whole:
            break
        lines = folder.journal.read_bytes().splitlines(keepends=True)
        lost = data.draw(st.integers(0, trailing_calls(lines)))
        folder.journal.write_bytes(b"".join(lines[: len(lines) - lost]))
    store = RunStore(folder)
    assert drive(controller_of(store, scheduler=SCHEDULERS[name]()), store, ahead=ahead)
    assert summary(store.search_state) == whole
    store.close()


@cache
def undisturbed(name, ahead):
    records = InMemoryStore()
    assert drive(controller_of(records, scheduler=SCHEDULERS[name]()), records, ahead=ahead)
    return summary(records.search_state)


def trailing_calls(lines):
    """Events at the journal's end that a kill may cut off although what they tell of has had no effect yet."""
    count = 0
    while count < len(lines) and json.loads(lines[-1 - count])["event"] in ("trial_started", "trial_proposed"):
        count += 1
    return count


def test_a_population_takes_over_weights_and_hyperparameters(tmp_path):
    store = RunStore(run_folder(tmp_path / "run"))
    controller = controller_of(store, scheduler=SCHEDULERS["pbt"]())
    assert drive(controller, store)
    calls = [event for event in store.search_state.history if event.event == "trial_continued" and event.source]
    assert len(calls) == 3 * 3  # a quarter of twelve, after epochs 2, 4 and 6
    for call in calls:
        source = store.search_state.trials[call.source]
        assert {**call.config, "dropout": 0} == {**source.config, "dropout": 0}


def test_a_copy_that_a_crash_cut_off_is_made_up_for(tmp_path):
    store = RunStore(run_folder(tmp_path / "run"))
    controller = controller_of(store, scheduler=SCHEDULERS["pbt"]())
    copies = []
    store.copy_state = lambda source, trial: copies.append((source, trial))  # as if killed before it
    controller.start()
    while not copies:
        assignment = controller.next_trial()
        if copies:
            break
        for epoch in (1, 2):
            controller.on_report(assignment.trial, TrialReport(fake_report(*assignment.seed, epoch), b"x 2", None))
    del store.copy_state
    source, trial = copies[0]
    store.folder.state(source).write_bytes(b"the source's 2")
    again = controller_of(store, scheduler=SCHEDULERS["pbt"]())
    again.start()
    assert store.state(trial) == b"the source's 2"
    assert again.next_trial().trial == trial


def test_paused_trials_that_nobody_calls_back_end_as_stopped(tmp_path):
    store = RunStore(run_folder(tmp_path / "run"))
    controller = controller_of(store, scheduler=SCHEDULERS["asha by promotion"]())
    first = controller.next_trial()
    for epoch in (1, 2):
        decision = controller.on_report(first.trial, TrialReport(fake_report(*first.seed, epoch), b"x 2", None))
    assert decision is Decision.PAUSE
    assert store.search_state.trials[first.trial].status == "pending"
    assert drive(controller, store)
    assert controller.is_exhausted
    statuses = [record.status for record in store.search_state.trials.values()]
    assert statuses.count("completed") == 1  # four of twelve are promoted from epoch 2, one of four from epoch 6
    assert statuses.count("stopped") == 11


def test_a_trial_out_of_patience_is_complete(tmp_path):
    store = RunStore(run_folder(tmp_path / "run"))
    controller = controller_of(store, replace(PLAN, patience=2), scheduler=RunToTheEnd())
    trial = controller.next_trial().trial
    decisions = []
    for epoch, accuracy in enumerate([0.5, 0.7, 0.6, 0.7], start=1):
        report = replace(fake_report(0, epoch), metrics={"accuracy": accuracy})
        decisions.append(controller.on_report(trial, TrialReport(report, b"", None)))
    assert decisions == [Decision.CONTINUE] * 3 + [Decision.STOP]
    assert store.search_state.trials[trial].status == "completed"
    assert store.search_state.trials[trial].best.epoch == 2


def test_a_loss_that_is_no_number_ends_the_trial_as_diverged(tmp_path):
    store = RunStore(run_folder(tmp_path / "run"))
    controller = controller_of(store)
    assignment = controller.next_trial()
    controller.on_start(assignment.trial)
    report = replace(fake_report(0, 1), train_loss=float("nan"), val_loss=float("nan"), metrics={})
    assert controller.on_report(assignment.trial, TrialReport(report, b"", None)) is Decision.STOP
    record = store.search_state.trials[assignment.trial]
    assert (record.status, record.score, record.epochs[0].val_loss) == ("diverged", None, None)
    for line in store.folder.journal.read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_a_failure_is_recorded_and_the_next_trial_comes(tmp_path):
    store = RunStore(run_folder(tmp_path / "run"))
    controller = controller_of(store)
    first = controller.next_trial()
    controller.on_start(first.trial)
    controller.on_failure(first.trial, "ResourceExhaustedError: out of memory")
    assert store.search_state.trials[first.trial].error == "ResourceExhaustedError: out of memory"
    assert controller.next_trial().trial == "00001"


def test_a_trial_that_waits_is_pending(tmp_path):
    store = RunStore(run_folder(tmp_path / "run"))
    trial = controller_of(store).next_trial().trial
    assert store.search_state.trials[trial].status == "pending"
