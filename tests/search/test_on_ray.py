"""Whole searches through the command line, on a local Ray, that train networks: what a user does, and what happens to users."""

import json
import os
import shutil
import signal

import pyarrow.parquet as pq
import pytest

from analysis import load
from support.searches import (
    OWN_RAY,
    ROOT,
    assert_same_decisions,
    call,
    descendants,
    kill,
    run_here,
    search,
    start,
    wait_for_epochs,
    wait_until,
    write_reviews,
)
from tuner.formatting import duration_text
from tuner.runs.journal import read_journal

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("on_shared_ray")]


FIVE = ("--trials", "5", "--epochs", "6")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_reviews(tmp_path_factory.mktemp("data") / "reviews.csv", examples=800)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data, on_shared_ray):
    """A search of five trials that nobody interrupts, with a Ray of its own."""
    folder = tmp_path_factory.mktemp("runs")
    result = call(folder, *search(data, "whole", *FIVE, "--json"), **OWN_RAY)
    assert result.returncode == 0, result.stderr
    return folder / "whole", result


def test_json_alone_on_stdout_and_no_foreign_lines_on_stderr(whole):
    _, result = whole
    document = json.loads(result.stdout)
    assert [trial["rank"] for trial in document["trials"]] == [1, 2, 3, 4, 5]
    assert result.stdout.count("\n") == 1
    for foreign in ("Warning", "WARNING", "INFO", "raylet", "tensorflow", "/tmp/ray", "Traceback"):
        assert foreign not in result.stderr


def test_the_run_folder_is_what_it_promises(whole):
    run, _ = whole
    assert {path.name for path in run.iterdir()} == {
        "search.yaml", "journal.jsonl", "trials.parquet", "epochs.parquet", "models", "encoder",
    }  # fmt: skip
    assert {path.name for path in (run / "encoder").iterdir()} == {
        "vocabulary.json", "tokenizer.json", "labels.json", "informative.npy",
    }  # fmt: skip
    assert not [path for path in run.rglob("*") if path.suffix in (".pkl", ".pickle")]
    assert not list(run.rglob("*.partial"))
    trials = pq.read_table(run / "trials.parquet").to_pandas()
    assert set(trials["status"]) <= {"completed", "stopped"}
    assert "stopped" in set(trials["status"])
    best = trials.sort_values("val_accuracy").iloc[-1]["trial_id"]
    assert (run / "models" / best / "best.npz").exists()
    assert not list(run.rglob("last.npz"))


def test_a_trial_that_reuses_a_shape_compiles_nothing(whole):
    run, _ = whole
    first_epochs = {}
    for event in read_journal(run / "journal.jsonl"):
        if event.event == "epoch" and event.epoch == 1:
            first_epochs[event.trial] = event.compile_seconds
    trials = load(run).trials
    shapes = list(
        zip(trials["config/units"], trials["config/vocabulary"].clip(upper=trials["parameters"]), strict=True)
    )
    repeats = [trial for i, trial in enumerate(trials["trial_id"]) if shapes[i] in shapes[:i]]
    assert all(first_epochs[trial] == 0.0 for trial in repeats)


def test_an_interruption_while_ray_starts_is_one_line_and_leaves_nothing(tmp_path, data):
    process = start(tmp_path, *search(data, "early"), **OWN_RAY)
    wait_until(lambda: descendants(process.pid, "gcs_server"), process, "the start of Ray")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.count("\n") == 1, err
    assert not (tmp_path / "early").exists()


def test_a_search_that_is_killed_resumes_to_the_same_numbers(whole, tmp_path, data):
    """Ctrl-C, SIGTERM, and more of this: test_kills.py."""
    process = start(tmp_path, *search(data, "broken", *FIVE))
    wait_for_epochs(tmp_path / "broken" / "journal.jsonl", 7, process)
    kill(process)
    result = run_here(tmp_path, "resume", "broken")
    assert result.returncode == 0, result.stderr
    assert_same_decisions(tmp_path / "broken", whole[0])


def test_when_every_trial_fails_for_one_reason_the_search_ends_and_says_it_once(tmp_path, data):
    broken = tmp_path / "broken" / "tensorflow"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('libcudnn.so.9: cannot open shared object file')\n")
    path = os.pathsep.join([str(broken.parent), str(ROOT)])
    result = call(tmp_path, *search(data, "fails", "--trials", "30"), PYTHONPATH=path, **OWN_RAY)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("error: 3 trials failed for the same reason, so the search was ended: ")
    assert "ImportError: libcudnn.so.9: cannot open shared object file" in result.stderr
    assert load(tmp_path / "fails").trials["status"].value_counts()["failed"] == 3


def test_a_confirmation_says_how_sure_it_is(whole):
    run = whole[0].with_name("confirmed")
    shutil.copytree(whole[0], run)
    result = run_here(run.parent, "confirm", "confirmed", "--top", "1", "--repeats", "2", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["texts"] == 160
    trials = load(run).trials
    tested = trials.loc[trials["test_accuracy"].notna(), "trial_id"].tolist()
    assert len(tested) == 1
    assert {model["model"] for model in document["models"]} == {*tested, "averaged-embeddings"}
    assert all(model["low"] <= model["test_accuracy"] <= model["high"] for model in document["models"])
    assert "which no model has seen yet" in result.stderr
    again = run_here(run.parent, "confirm", "confirmed", "--top", "1", "--repeats", "2")
    assert "nothing, all is there" in again.stdout
    assert "starting Ray" not in again.stdout
    assert "seen already by 2 models" in " ".join(again.stdout.split())


def test_an_address_that_does_not_answer_is_one_line(tmp_path, data):
    result = call(tmp_path, *search(data, "nowhere", "--address", "127.0.0.1:1"))
    assert result.returncode == 2
    assert [line for line in result.stderr.splitlines() if line][-1].startswith(
        "error: --address 127.0.0.1:1: no Ray cluster"
    )
    assert not (tmp_path / "nowhere").exists()


def test_what_was_forecast_stands_in_the_journal_and_the_report_beside_what_it_took(whole, tmp_path):
    run, result = whole
    started = next(iter(read_journal(run / "journal.jsonl")))
    low, middle, high = started.expected
    assert f"roughly {duration_text(middle)} ({duration_text(low)} to {duration_text(high)})" in " ".join(
        result.stderr.split()
    )
    found = run_here(tmp_path, "report", run, "--out", "page.html")
    assert found.returncode == 0, found.stderr
    assert f"forecast was {duration_text(middle)} ({duration_text(low)} to " in (tmp_path / "page.html").read_text()


def test_reports_within_an_epoch_change_what_is_seen_and_not_what_is_trained(tmp_path, data):
    two = ("--trials", "2", "--epochs", "2", "--scheduler", "none")
    for name, reports in (("uncut", 1), ("cut", 3)):
        result = run_here(tmp_path, *search(data, name, *two, "--reports-per-epoch", reports))
        assert result.returncode == 0, result.stderr
    cut, uncut = load(tmp_path / "cut"), load(tmp_path / "uncut")
    whole = cut.epochs[cut.epochs["epoch"] % 1 == 0].set_index(["trial_id", "epoch"]).sort_index()
    assert cut.epochs.groupby("trial_id")["epoch"].agg(list).to_list() == [[1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2]] * 2
    assert whole[["val_loss", "val_accuracy"]].equals(
        uncut.epochs.set_index(["trial_id", "epoch"]).sort_index()[["val_loss", "val_accuracy"]]
    )
    assert "2 epochs of 3 reports" in result.stderr + result.stdout
    ranked = run_here(tmp_path, "rank", "cut")
    assert ranked.returncode == 0, ranked.stderr
    report = run_here(tmp_path, "report", "cut")
    assert report.returncode == 0, report.stderr
    assert "--reports-per-epoch 3" in (tmp_path / "cut" / "report.html").read_text()
