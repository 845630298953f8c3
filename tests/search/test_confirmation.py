import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import load
from support.covering import examples
from support.fakes import PLAN, Clock, controller_of, drive, fake_report, run_folder, run_settings
from tuner.metrics import objective_of
from tuner.models.network_spec import AVERAGED_EMBEDDINGS
from tuner.runs.journal import read_journal
from tuner.runs.predictions import SplitPredictions, SplitTexts, read_predictions
from tuner.runs.search_state import SearchState
from tuner.runs.settings import write_settings
from tuner.runs.store import RunStore
from tuner.search.confirmation import ConfirmationController, HeldOut, candidates_of, repeat_seed
from tuner.search.schedulers.scheduler import Decision
from tuner.thresholds import Thresholds
from tuner.training.test_result import RepeatReport, SplitResult, TestResult

TEXTS = HeldOut(
    validation=SplitTexts(np.arange(5), np.array([0, 1, 0, 1, 0], np.int32)),
    test=SplitTexts(np.arange(10, 14), np.array([1, 1, 0, 0], np.int32)),
)
TRIALS = ["00003", "00001"]
THRESHOLDS = Thresholds(("no", "yes"), (0.0, 0.5), 0.6, 0.8, 0.7, objective_of("macro_f1"))


def made_up_part(labels, right):
    answers = np.where(right, labels, 1 - labels).astype(np.int16)
    return SplitResult(
        0.5, {"accuracy": float(right.mean())}, SplitPredictions(answers, np.full(len(labels), 0.75, np.float32))
    )


def last_report(key):
    """A function of model and repeat, as real repeats are."""
    generator = np.random.default_rng(list(key.encode()))
    parts = [
        made_up_part(part.labels, generator.random(len(part.labels)) < 0.7) for part in (TEXTS.validation, TEXTS.test)
    ]
    return RepeatReport(fake_report(3, 2), 2.0, over=True, best_epoch=2, test_result=TestResult(THRESHOLDS, *parts))


def confirmation_of(store, *, trials=TRIALS, repeats=3):
    return ConfirmationController(candidates_of(PLAN, store.search_state, trials), repeats, TEXTS, store, clock=Clock())


def drive_repeats(controller, *, most=None):
    """Trains repeats one after the other; True where all were. ``most`` ends it after so many, as a kill would."""
    controller.start()
    while (repeat := controller.next_trial()) is not None:
        assert (
            controller.on_report(repeat.trial, RepeatReport(fake_report(3, 1), 1.0, False, 1, None))
            is Decision.CONTINUE
        )
        if most == 0:
            return False
        assert controller.on_report(repeat.trial, last_report(repeat.trial)) is Decision.STOP
        most = None if most is None else most - 1
    return True


@pytest.fixture
def folder(tmp_path):
    folder = run_folder(tmp_path / "run")
    write_settings(folder.settings, run_settings())
    store = RunStore(folder)
    drive(controller_of(store), store)
    store.close()
    return folder


def results(folder):
    columns = [name for name in pq.read_table(folder.table("repeats")).column_names if name != "seconds"]
    table = pq.read_table(folder.table("repeats"), columns=columns).to_pandas()
    return table.sort_values(["model", "repeat"], ignore_index=True).to_dict("records")


def test_a_repeat_that_loses_its_worker_is_trained_again_and_fails_at_the_third_time(folder):
    with_store = RunStore(folder)
    controller = confirmation_of(with_store, repeats=1)
    controller.start()
    unlucky = controller.next_trial()
    others = controller.planned - 1
    controller.on_worker_lost(unlucky.trial, "the worker died")
    for _ in range(others):
        other = controller.next_trial()
        controller.on_report(other.trial, last_report(other.trial))
    assert not controller.is_exhausted
    for _ in range(2):
        assert controller.next_trial() == unlucky
        assert controller.next_trial() is None
        assert not controller.is_exhausted
        controller.on_worker_lost(unlucky.trial, "the worker died")
    assert controller.is_exhausted
    assert [(end.status, end.error) for end in controller.ended][others:] == [("failed", "the worker died; 3 times")]
    with_store.close()


def test_results_are_in_the_journal_and_in_the_tables(folder):
    store = RunStore(folder)
    controller = confirmation_of(store)
    assert drive_repeats(controller)
    controller.end("finished")
    store.close()
    run = load(folder.path)
    assert run.repeats["model"].tolist() == ["00003"] * 3 + ["00001"] * 3 + [AVERAGED_EMBEDDINGS] * 3
    means = run.repeats.groupby("model")["test_accuracy"].mean()
    ends = SearchState(read_journal(folder.journal)).repeats.values()
    assert {end.offsets for end in ends} == {THRESHOLDS.offsets}
    tested = run.trials.set_index("trial_id")["test_accuracy"].dropna()
    assert tested.to_dict() == {trial: means[trial] for trial in TRIALS}
    answers = read_predictions(folder.predictions("00003", 1)).to_pandas()
    assert answers["row"].tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13]
    right = (answers["predicted"] == answers["label"])[answers["split"] == "test"]
    assert right.mean() == run.repeats["test_accuracy"][0]


def test_the_tables_of_a_confirmed_run_come_from_its_journal_too(folder):
    store = RunStore(folder)
    drive_repeats(confirmation_of(store))
    store.close()
    from_tables = load(folder.path)
    folder.table("repeats").unlink()
    from_journal = load(folder.path)
    assert from_tables.repeats.equals(from_journal.repeats)
    assert from_tables.trials.equals(from_journal.trials)


@pytest.mark.slow
@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 4), max_size=4), truncated=st.integers(0, 30))
def test_a_confirmation_that_was_killed_goes_on_to_the_same_results(tmp_path_factory, cuts, truncated):
    folders = [run_folder(tmp_path_factory.mktemp("cut") / name) for name in ("whole", "cut")]
    for folder, most in [(folders[0], None), *((folders[1], cut) for cut in cuts), (folders[1], None)]:
        if folder.journal.stat().st_size == 0:
            store = RunStore(folder)
            drive(controller_of(store), store)
            store.close()
        store = RunStore(folder)
        trained = {key for key, end in store.search_state.repeats.items() if end.test_metrics}
        controller = confirmation_of(store)
        drive_repeats(controller, most=most)
        assert not trained & {(end.model, end.repeat) for end in controller.ended}, (
            "a finished repeat was trained again"
        )
        store.close()
        with folder.journal.open("ab") as journal:
            journal.write(b'{"time":1.0,"event":"repeat_ended","mo'[:truncated])
    assert results(folders[0]) == results(folders[1])


def test_a_second_confirmation_extends_the_first(folder):
    store = RunStore(folder)
    drive_repeats(confirmation_of(store, repeats=2))
    second = confirmation_of(store, trials=["00003", "00002"], repeats=3)
    assert drive_repeats(second)
    assert [(end.model, end.repeat) for end in second.ended] == [
        ("00003", 3), ("00002", 1), ("00002", 2), ("00002", 3), (AVERAGED_EMBEDDINGS, 3),
    ]  # fmt: skip


def test_what_broke_or_lost_its_answers_is_tried_again_and_what_diverged_is_not(folder):
    store = RunStore(folder)
    controller = confirmation_of(store, trials=["00003"], repeats=2)
    controller.start()
    keys = [controller.next_trial().trial for _ in range(4)]
    controller.on_failure(keys[0], "the worker process died")
    controller.on_report(keys[1], RepeatReport(fake_report(3, 1), 1.0, True, 1, None))
    for key in keys[2:]:
        controller.on_report(key, last_report(key))
    folder.predictions(AVERAGED_EMBEDDINGS, 2).unlink()
    again = confirmation_of(store, trials=["00003"], repeats=2)
    assert again.planned == 2
    assert [again.next_trial().trial for _ in range(2)] == ["00003-1", f"{AVERAGED_EMBEDDINGS}-2"]
    statuses = [end.status for end in SearchState(read_journal(folder.journal)).repeats.values()]
    assert statuses == ["failed", "diverged", "completed", "completed"]


def test_seeds_of_repeats_are_nobody_elses():
    def state(*seed):
        return tuple(np.random.SeedSequence(seed).generate_state(3, np.uint32))

    search = {state(7, index) for index in range(200)}
    repeats = {state(7, *repeat_seed(index, repeat)) for index in range(200) for repeat in range(1, 6)}
    assert len(search) == 200
    assert len(repeats) == 1000
    assert not search & repeats
    assert state(7, 3, 0) in search, "which is why repeats count from 1"
    with pytest.raises(ValueError, match="count from 1; received 0"):
        repeat_seed(3, 0)
