"""Which students are trained, what is kept of them, and what a distillation that was interrupted goes on with."""

import numpy as np
import pytest

from analysis import load, rank
from search_spaces import TrialConfig
from support.fakes import Clock, controller_of, drive, run_folder, run_settings
from tuner.runs.events import RepeatEnded
from tuner.runs.journal import read_journal, read_students
from tuner.runs.search_state import SearchState
from tuner.runs.settings import write_settings
from tuner.runs.store import RunStore
from tuner.search.confirmation import repeat_seed
from tuner.search.distillation import DistillationController, Lesson, Student, student_of, student_seed
from tuner.search.schedulers.scheduler import Decision
from tuner.training.report import EpochReport, TrialReport

LESSON = Lesson("00001", "a" * 64, 0.5, epochs=3)
TRIALS = ("00003", "00000", "00002")


@pytest.fixture
def store(tmp_path):
    folder = run_folder(tmp_path / "run")
    write_settings(folder.settings, run_settings())
    store = RunStore(folder)
    drive(controller_of(store), store)
    yield store
    store.close()


def students(store, trials=TRIALS, *, hard_weight=0.5, **config):
    return [student_of(trial, store.search_state, TrialConfig(**config), hard_weight=hard_weight) for trial in trials]


def distillation(store, lesson=LESSON, **of):
    controller = DistillationController(students(store, **of), lesson, store, clock=Clock())
    controller.start()
    return controller


def train(controller, assignment, *, epochs=3, accuracy=0.8):
    """Trains a student to its end; its second epoch is the best."""
    decision = Decision.CONTINUE
    for epoch in range(1, epochs + 1):
        assert decision is Decision.CONTINUE
        value = accuracy - 0.05 * abs(epoch - 2)
        weights = f"{assignment.trial} {epoch}".encode()
        made_up = epoch_report(epoch, value)
        best = epoch <= 2
        decision = controller.on_report(
            assignment.trial,
            TrialReport(made_up, b"state", weights if best else None, b"predictions" if best else None),
        )
    return decision


def epoch_report(epoch, accuracy):
    return EpochReport(
        epoch=epoch, train_loss=0.4, train_accuracy=0.9, val_loss=1 - accuracy, metrics={"accuracy": accuracy},
        seconds=2.0, compile_seconds=0.0, tokens_per_second=1.0,
    )  # fmt: skip


def train_all(controller):
    while (assignment := controller.next_trial()) is not None:
        assert train(controller, assignment) is Decision.STOP


def test_a_student_keeps_its_best_epoch_and_joins_the_run(store):
    controller = distillation(store, trials=["00003"])
    (assignment,) = [controller.next_trial()]
    assert (assignment.trial, assignment.teacher) == ("00003-distilled", LESSON.fingerprint)
    assert train(controller, assignment, accuracy=0.97) is Decision.STOP
    assert controller.is_exhausted
    folder = store.folder
    assert folder.weights("00003-distilled").read_bytes() == b"00003-distilled 2"
    assert folder.validation("00003-distilled").read_bytes() == b"predictions"
    run = load(folder.path)
    (row,) = run.students.to_dict("records")
    source = run.trials.set_index("trial_id").loc["00003"]
    assert (row["trial_id"], row["teacher"], row["student_of"]) == ("00003-distilled", "00001", "00003")
    assert (row["best_epoch"], row["epochs"], row["seconds"], row["val_accuracy"]) == (2, 3, 6.0, 0.97)
    assert row["parameters"] == source["parameters"]
    assert {name: row[name] for name in source.index if name.startswith("config/")} == {
        name: value for name, value in source.items() if name.startswith("config/")
    }
    assert len(run.candidates) == len(run.trials) + 1
    assert run.candidates.dtypes[run.trials.columns].equals(run.trials.dtypes)
    assert rank(run.candidates)["trial_id"].iloc[0] == "00003-distilled"


def test_the_search_itself_is_untouched(store):
    before = load(store.folder.path).trials
    decisive = list(store.search_state.history)
    train_all(distillation(store))
    after = load(store.folder.path)
    assert after.trials.equals(before)
    assert SearchState(read_journal(store.folder.journal)).history == decisive


def test_students_have_seeds_of_their_own():
    words = {
        tuple(np.random.SeedSequence((0, *seed)).generate_state(2))
        for index in range(5)
        for seed in ((index,), repeat_seed(index, 1), student_seed(index), (*student_seed(index), 1))
    }
    assert len(words) == 20


def test_the_same_lesson_goes_on_with_what_is_open(store):
    controller = distillation(store)
    train(controller, controller.next_trial())
    train(controller, controller.next_trial(), epochs=2)  # and then it was killed
    again = distillation(store)
    assert again.planned == 2
    train_all(again)
    assert [end.student for end in again.ended] == ["00000-distilled", "00002-distilled"]
    assert distillation(store).planned == 0


def test_another_teacher_replaces_students_and_what_was_confirmed_of_them(store):
    train_all(distillation(store, trials=["00003"]))
    tested = {"accuracy": 0.7}
    for model in ("00003-distilled", "00003"):
        store.record(
            RepeatEnded(time=9, model=model, repeat=1, status="completed", parameters=5, epochs=3, seconds=1.0,
                        val_loss=0.4, val_metrics=tested, test_loss=0.4, test_metrics=tested)
        )  # fmt: skip
    store.write_tables()
    assert load(store.folder.path).students["test_accuracy"].tolist() == [0.7]
    other = Lesson("ensemble of 00001, 00002", "b" * 64, 0.5, epochs=3)
    train_all(distillation(store, other, trials=["00003"]))
    store.write_tables()
    run = load(store.folder.path)
    assert run.students["teacher"].tolist() == [other.teacher]
    assert run.students["test_accuracy"].isna().all()
    assert run.repeats["model"].tolist() == ["00003"]
    assert run.trials.set_index("trial_id").loc["00003", "test_accuracy"] == 0.7


def test_a_student_that_breaks_is_recorded_tried_again_and_leaves_an_earlier_one_as_it_was(store):
    train_all(distillation(store, trials=["00003"]))
    other = Lesson("nb-svm", "b" * 64, 0.5, epochs=3)
    controller = distillation(store, other, trials=["00003", "00000"])
    first, second = controller.next_trial(), controller.next_trial()
    controller.on_failure(first.trial, "no memory")
    assert train(controller, second) is Decision.STOP
    known = read_students(store.folder.journal)
    assert known == store.search_state.students
    assert (known["00003-distilled"].status, known["00003-distilled"].teacher) == ("completed", "00001")
    assert known["00000-distilled"].teacher == "nb-svm"
    assert controller.ended[0].error == "no memory"
    assert distillation(store, other, trials=["00003", "00000"]).planned == 1


def test_a_student_that_loses_its_worker_begins_anew_and_fails_at_the_third_time(store):
    controller = distillation(store, trials=["00003"])
    for _ in range(3):
        assert not controller.is_exhausted
        name = controller.next_trial().trial
        controller.on_report(name, TrialReport(epoch_report(1, 0.99), b"", b"of a worker that died", b"p"))
        controller.on_worker_lost(name, "the worker died")
    assert controller.is_exhausted
    assert [(end.status, end.error) for end in controller.ended] == [("failed", "the worker died; 3 times")]
    assert not store.folder.weights("00003-distilled").exists()


def test_what_diverges_at_once_has_no_result_and_is_not_tried_again(store):
    controller = distillation(store, trials=["00003"])
    name = controller.next_trial().trial
    lost = epoch_report(1, float("nan"))
    assert controller.on_report(name, TrialReport(lost, b"", None)) is Decision.STOP
    assert [end.status for end in controller.ended] == ["diverged"]
    assert distillation(store, trials=["00003"]).planned == 0
    assert "00003-distilled" not in load(store.folder.path).candidates["trial_id"].tolist()


def test_patience_ends_a_student_as_it_ends_a_repeat(store):
    patient = Lesson("00001", "c" * 64, 0.5, epochs=9, patience=2)
    controller = distillation(store, patient, trials=["00003"])
    assert train(controller, controller.next_trial(), epochs=4) is Decision.STOP
    assert (controller.ended[0].best_epoch, controller.ended[0].epochs) == (2, 4)


@pytest.mark.parametrize("config", [{"label_smoothing": 0.1}, {"focal_gamma": 2.0}])
def test_a_student_whose_loss_would_mean_nothing_is_refused_and_the_others_go_on(store, config):
    lesson = Lesson("00001", "d" * 64, 0.0, epochs=3)
    refused = students(store, ["00003"], hard_weight=0.0, **config)
    allowed = students(store, ["00000"], hard_weight=0.0)
    controller = DistillationController([*refused, *allowed], lesson, store, clock=Clock())
    controller.start()
    assert controller.next_trial().trial == "00000-distilled"
    assert [(end.student, end.status) for end in controller.ended] == [("00003-distilled", "failed")]
    assert "raise hard_weight" in controller.ended[0].error
    assert students(store, ["00003"], hard_weight=0.1, **config)[0].refusal is None


def test_what_no_student_was_trained_on_is_removed(store):
    for fingerprint in ("a" * 64, "b" * 64):
        store.save_soft_targets(fingerprint, b"targets")
    train_all(distillation(store, trials=["00003"]))
    store.drop_soft_targets()
    assert store.folder.soft_targets("a" * 64).read_bytes() == b"targets"
    assert not store.folder.soft_targets("b" * 64).exists()


def test_a_search_that_goes_on_keeps_its_students(store):
    train_all(distillation(store, trials=["00003"]))
    folder = store.folder
    store.close()
    with_more = RunStore(folder)
    drive(controller_of(with_more), with_more)
    assert list(with_more.search_state.students) == ["00003-distilled"]
    assert folder.weights("00003-distilled").exists()
    with_more.close()


def test_a_student_is_named_after_its_trial():
    assert Student("00007", 7, TrialConfig(), 100).name == "00007-distilled"
