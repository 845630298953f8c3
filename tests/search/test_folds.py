"""Searches with folds: which trials there are, what is stopped and when, and that a search that was interrupted ends alike."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_spaces import TrialConfig
from support.covering import examples
from support.fakes import asha, controller_of, drive, run_folder
from support.folds import FOLDED, FOLDS, fold_report
from support.in_memory_store import InMemoryStore
from support.made_up_trials import epoch_of
from tuner.runs.configurations import configurations, contenders
from tuner.runs.journal import read_journal
from tuner.runs.search_state import SearchState, TrialRecord
from tuner.runs.store import RunStore
from tuner.search.controller import SearchController
from tuner.search.folds import reason_to_skip
from tuner.search.schedulers.forecast import ForecastStopping
from tuner.search.schedulers.halving import PromotionHalving
from tuner.search.schedulers.hyperband import Hyperband
from tuner.search.schedulers.median import MedianStopping
from tuner.search.schedulers.scheduler import Decision, RunToTheEnd
from tuner.search.schedulers.selection import most_accurate
from tuner.training.report import TrialReport


def folded_search(scheduler=None, plan=FOLDED, **how):
    store = InMemoryStore()
    controller = controller_of(store, plan, clock=lambda: 0.0, scheduler=scheduler or RunToTheEnd())
    assert drive(controller, store, report_of=fold_report, **how)
    assert controller.is_exhausted
    return store.search_state


def by_number(state):
    return {number: [record.fold for record in trials] for number, trials in state.configurations.items()}


def test_a_configuration_has_a_trial_on_each_fold_or_a_reason_why_not():
    state = folded_search()
    assert len(state.configurations) == 12
    skipped = {state.trials[trial].index // FOLDS: event for trial, event in state.skipped.items()}
    assert 0 < len(skipped) < 12
    for number, folds in by_number(state).items():
        left = list(skipped[number].folds) if number in skipped else []
        assert folds + left == [1, 2, 3]
    for record in state.trials.values():
        assert record.index == record.index // FOLDS * FOLDS + record.fold - 1
        assert record.trial == f"{record.index:05d}"
    assert state.over == FOLDED.trials
    assert all("is no larger" in event.reason for event in skipped.values())


def test_the_best_configuration_is_trained_on_all_folds_and_its_value_is_their_mean():
    state = folded_search()
    best = max(contenders(state), key=lambda record: record.score)
    trials = state.configurations[best.index]
    assert [record.status for record in trials] == ["completed"] * 3
    assert best.score == pytest.approx(sum(record.score for record in trials) / 3)
    assert (best.status, best.trial) == ("completed", trials[0].trial)


def test_the_scheduler_compares_on_the_first_fold_alone():
    state = folded_search(asha(FOLDED.epochs))
    stopped = [record for record in state.trials.values() if record.status == "stopped"]
    assert stopped
    assert {record.fold for record in stopped} == {1}
    for record in stopped:
        assert state.skipped[record.trial].reason == "stopped on fold 1"
    assert all(len(record.epochs) == FOLDED.epochs for record in state.trials.values() if record.fold > 1)


SCHEDULERS = {
    "none": RunToTheEnd,
    "asha": lambda: asha(FOLDED.epochs),
    "promotion": lambda: PromotionHalving((1, 2), 3, most_accurate),
    "hyperband": lambda: Hyperband(trials=12, max_epochs=FOLDED.epochs, reduction_factor=3),
    "median": lambda: MedianStopping(1),
    "forecast": lambda: ForecastStopping(1, FOLDED.epochs),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_comes_to_its_end(name):
    state = folded_search(SCHEDULERS[name]())
    assert state.over == FOLDED.trials
    assert any(one.status == "completed" for one in configurations(state))


@pytest.mark.slow
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(SCHEDULERS)), st.lists(st.integers(0, 25), max_size=4), st.booleans())
def test_a_search_that_is_killed_skips_the_same_folds(tmp_path_factory, name, kills, ahead):
    whole = folded_search(SCHEDULERS[name](), ahead=int(ahead))
    folder = run_folder(tmp_path_factory.mktemp("killed") / "run")
    for reports in [*kills, None]:
        store = RunStore(folder)
        controller = controller_of(store, FOLDED, clock=lambda: 0.0, scheduler=SCHEDULERS[name]())
        assert drive(controller, store, reports=reports, ahead=int(ahead), report_of=fold_report) or reports is not None
        store.close()
    state = SearchState(read_journal(folder.journal))
    assert by_number(state) == by_number(whole)
    assert state.skipped == whole.skipped
    assert {t: r.score for t, r in state.trials.items()} == {t: r.score for t, r in whole.trials.items()}


def test_a_kill_between_the_end_of_a_trial_and_what_follows_from_it_changes_nothing(tmp_path):
    whole = folded_search()
    folder = run_folder(tmp_path / "run")
    store = RunStore(folder)
    drive(controller_of(store, FOLDED, clock=lambda: 0.0, scheduler=RunToTheEnd()), store, report_of=fold_report)
    store.close()
    lines = folder.journal.read_bytes().splitlines(keepends=True)
    first = next(place for place, line in enumerate(lines) if b"folds_skipped" in line)
    folder.journal.write_bytes(b"".join(lines[:first]))
    store = RunStore(folder)
    assert drive(controller_of(store, FOLDED, clock=lambda: 0.0, scheduler=RunToTheEnd()), store, report_of=fold_report)
    assert store.search_state.skipped == whole.skipped
    store.close()


def test_a_fold_that_breaks_ends_its_configuration():
    store = InMemoryStore()
    plan = replace(FOLDED, trials=FOLDS)
    controller = controller_of(store, plan, clock=lambda: 0.0, scheduler=RunToTheEnd())
    controller.start()
    first = controller.next_trial()
    assert (first.trial, first.fold) == ("00000", 1)
    for epoch in range(1, FOLDED.epochs + 1):
        decision = controller.on_report(first.trial, TrialReport(fold_report(0, epoch), b"s", b"w"))
    assert decision is Decision.STOP
    second = controller.next_trial()
    assert (second.trial, second.fold, second.config) == ("00001", 2, first.config)
    controller.on_failure(second.trial, "out of memory")
    assert controller.next_trial() is None
    assert controller.is_exhausted
    event = store.search_state.skipped["00000"]
    assert (event.folds, event.reason) == ((3,), "failed on fold 2")


def test_workers_that_are_free_take_the_next_fold_before_the_last_has_ended():
    store = InMemoryStore()
    plan = replace(FOLDED, trials=FOLDS)
    controller = controller_of(store, plan, scheduler=RunToTheEnd())
    controller.start()
    first = controller.next_trial()
    assert controller.next_trial() is None  # the first fold says whether there are others
    for epoch in range(1, FOLDED.epochs + 1):
        controller.on_report(first.trial, TrialReport(fold_report(0, epoch), b"s", b"w"))
    assert [controller.next_trial().fold, controller.next_trial().fold] == [2, 3]


def test_weights_are_kept_of_first_folds_of_the_best_configurations(tmp_path):
    folder = run_folder(tmp_path / "run")
    store = RunStore(folder)
    drive(controller_of(store, FOLDED, scheduler=RunToTheEnd()), store, report_of=fold_report)
    kept = {path.parent.name for path in (folder.path / "models").glob("*/best.npz")}
    assert all(store.search_state.trials[trial].fold == 1 for trial in kept)
    best = max(contenders(store.search_state), key=lambda record: record.score)
    assert best.trial in kept
    assert kept <= {record.trial for record in contenders(store.search_state)}
    store.close()


def test_predictions_of_the_other_folds_stay_where_the_weights_of_the_first_do(tmp_path):
    folder = run_folder(tmp_path / "run")
    store = RunStore(folder)
    save = store.save_weights
    store.save_weights = lambda trial, **files: save(trial, **{**files, "predictions": trial.encode()})
    drive(controller_of(store, FOLDED, scheduler=RunToTheEnd()), store, report_of=fold_report)
    with_weights = {path.parent.name for path in (folder.path / "models").glob("*/best.npz")}
    of_one = [trials for trials in store.search_state.configurations.values() if trials[0].trial in with_weights]
    kept = {path.parent.name: path.read_text() for path in (folder.path / "models").glob("*/validation.npz")}
    assert kept == {record.trial: record.trial for trials in of_one for record in trials}
    assert len(kept) > len(with_weights)
    store.close()


def trials_on_folds(first, scores, *, parameters=1000, status="completed"):
    records = []
    for fold, score in enumerate(scores, start=1):
        trial = f"{first + fold - 1:05d}"
        epoch = epoch_of(trial, 1, score)
        records.append(
            TrialRecord(trial, 0, {}, parameters, 0, fold=fold, status="completed", epochs=[epoch], best=epoch)
        )
    records[-1].status = status
    return records


OTHER = trials_on_folds(0, [0.90, 0.80, 0.85])  # its folds vary by 0.05


@pytest.mark.parametrize(
    ("scores", "parameters", "skipped"),
    [
        ([0.81], 1000, False),  # 0.09 behind: 0.045 on each of two other folds would make up for it
        ([0.79], 1000, True),
        ([0.86, 0.77], 1000, True),  # 0.07 behind in all, and one fold left
        ([0.88, 0.78], 1000, False),
        ([0.50], 999, False),  # smaller
    ],
)
def test_folds_are_skipped_where_a_configuration_is_too_far_behind_one_that_is_no_larger(scores, parameters, skipped):
    own = trials_on_folds(3, scores, parameters=parameters)
    reason = reason_to_skip(own, [OTHER], folds=3)
    assert (reason is not None) == skipped
    assert reason_to_skip(own, [OTHER[:2]], folds=3) is None
    if skipped:
        assert "00000, which is no larger" in reason


@pytest.mark.parametrize("status", ["stopped", "diverged", "failed"])
def test_folds_are_skipped_after_a_trial_that_did_not_complete(status):
    assert reason_to_skip(trials_on_folds(3, [0.9, 0.9], status=status), [], folds=3) == f"{status} on fold 2"


def test_a_searcher_that_learns_is_told_of_configurations_by_their_means():
    told = []

    class Listening:
        def propose(self, index, trials):
            told.append([(record.index, record.status, record.score) for record in trials])
            return TrialConfig(units=2**index)

    store = InMemoryStore()
    plan = replace(FOLDED, trials=3 * FOLDS)
    controller = SearchController(plan, Listening(), RunToTheEnd(), store)
    assert drive(controller, store, report_of=fold_report)
    for number, known in enumerate(told):
        assert [index for index, _, _ in known] == list(range(number))
        for index, status, score in known:
            folds = [record.score for record in store.search_state.configurations[index]]
            assert status == ("completed" if len(folds) == FOLDS else "stopped")
            assert score == pytest.approx(sum(folds) / len(folds))
