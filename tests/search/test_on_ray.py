"""Whole searches through the command line, on a local Ray: what a user does, and what happens to users."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis import load
from tuner.data.corpus import generate_corpus
from tuner.runs.journal import read_journal

pytestmark = pytest.mark.ray

SMALL = ["--set", "layers=1", "--set", "units=4,8", "--set", "embedding=4", "--set", "cell=gru", "--set", "pooling=max"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Fifteen hundred reviews as a CSV file with its own column names."""
    import csv

    corpus = generate_corpus(examples=1500)
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        writer.writerows(
            (text, corpus.label_names[label]) for text, label in zip(corpus.texts, corpus.labels, strict=True)
        )
    return path


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tuner", *map(str, arguments), "--runs-dir", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=240)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def search(data: Path, name: str, *more: str) -> list[str]:
    return ["search", "--data", str(data), "--name", name, "--concurrency", "1", *SMALL, *more]


def decisions(run: Path):
    loaded = load(run)
    return loaded.trials.drop(columns="seconds"), loaded.epochs.drop(columns=["seconds", "tokens_per_second"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data):
    """A search of five trials that nobody interrupts."""
    folder = tmp_path_factory.mktemp("runs")
    result = call(folder, *search(data, "whole", "--trials", "5", "--epochs", "6", "--json"))
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
    assert {path.name for path in (run / "encoder").iterdir()} == {"vocabulary.json", "tokenizer.json", "labels.json"}
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
    process = start(tmp_path, *search(data, "early"))
    for line in process.stdout:
        if line.startswith("starting Ray"):
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.count("\n") == 1, err
    assert not (tmp_path / "early").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_broken_off_search_resumes_to_the_same_numbers(how, whole, tmp_path, data):
    process = start(tmp_path, *search(data, "broken", "--trials", "5", "--epochs", "6"))
    wait_for_epochs(tmp_path / "broken" / "journal.jsonl", 4, process)
    if how is signal.SIGKILL:
        os.killpg(process.pid, how)
        process.wait(timeout=60)
    else:
        process.send_signal(how)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "go on with: python -m tuner resume" in out
    result = call(tmp_path, "resume", "broken")
    assert result.returncode == 0, result.stderr
    for broken, unbroken in zip(decisions(tmp_path / "broken"), decisions(whole[0]), strict=True):
        pd.testing.assert_frame_equal(
            broken.sort_values("trial_id", kind="stable", ignore_index=True),
            unbroken.sort_values("trial_id", kind="stable", ignore_index=True),
            check_exact=True,
        )


def test_a_worker_that_dies_fails_its_trial_alone(tmp_path, data):
    process = start(tmp_path, *search(data, "dies", "--trials", "3", "--epochs", "40", "--scheduler", "none"))
    wait_for_epochs(tmp_path / "dies" / "journal.jsonl", 2, process)
    workers = subprocess.run(
        ["pgrep", "-f", "ray::.*Trainable"], capture_output=True, text=True, check=True
    ).stdout.split()
    for worker in workers:
        if descends_from(int(worker), process.pid):
            os.kill(int(worker), signal.SIGKILL)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    trials = load(tmp_path / "dies").trials
    assert trials["status"].tolist() == ["failed", "completed", "completed"]
    assert "died" in trials["error"][0]


@pytest.fixture(scope="module")
def confirmed(whole):
    """The same search, confirmed without an interruption."""
    run, _ = whole
    confirmed = run.with_name("confirmed")
    shutil.copytree(run, confirmed)
    result = call(run.parent, "confirm", "confirmed", "--top", "1", "--repeats", "2", "--json")
    assert result.returncode == 0, result.stderr
    return confirmed, result


def test_a_confirmation_says_how_sure_it_is(confirmed):
    run, result = confirmed
    document = json.loads(result.stdout)
    assert document["texts"] == 300
    trials = load(run).trials
    tested = trials.loc[trials["test_accuracy"].notna(), "trial_id"].tolist()
    assert len(tested) == 1
    assert {model["model"] for model in document["models"]} == {*tested, "averaged-embeddings"}
    assert all(model["low"] <= model["test_accuracy"] <= model["high"] for model in document["models"])
    assert "which no model has seen yet" in result.stderr
    again = call(run.parent, "confirm", "confirmed", "--top", "1", "--repeats", "2")
    assert "nothing, all is there" in again.stdout
    assert "starting Ray" not in again.stdout
    assert "seen already by 2 models" in " ".join(again.stdout.split())


def test_a_killed_confirmation_goes_on_to_the_same_numbers(whole, confirmed, tmp_path):
    shutil.copytree(whole[0], tmp_path / "broken")
    process = start(tmp_path, "confirm", "broken", "--top", "1", "--repeats", "2")
    wait_for_events(tmp_path / "broken" / "journal.jsonl", "repeat_ended", 1, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    result = call(tmp_path, "confirm", "broken", "--top", "1", "--repeats", "2")
    assert result.returncode == 0, result.stderr
    assert "3 trainings" in result.stdout
    broken, whole_table = (
        load(path).repeats.drop(columns="seconds").sort_values(["model", "repeat"], ignore_index=True)
        for path in (tmp_path / "broken", confirmed[0])
    )
    pd.testing.assert_frame_equal(broken, whole_table, check_exact=True)


def test_a_time_budget_ends_the_search_in_good_order(tmp_path, data):
    started = time.monotonic()
    arguments = search(
        data, "short", "--trials", "500", "--epochs", "50", "--time-budget", "25s", "--scheduler", "none"
    )
    result = call(tmp_path, *arguments)
    assert result.returncode == 0, result.stderr
    assert time.monotonic() - started < 90
    assert "time budget: everything so far is in" in result.stdout


def test_an_address_that_does_not_answer_is_one_line(tmp_path, data):
    result = call(tmp_path, *search(data, "nowhere", "--address", "127.0.0.1:1"))
    assert result.returncode == 2
    assert [line for line in result.stderr.splitlines() if line][-1].startswith(
        "error: --address 127.0.0.1:1: no Ray cluster"
    )
    assert not (tmp_path / "nowhere").exists()


def wait_for_epochs(journal: Path, count: int, process: subprocess.Popen[str]) -> None:
    wait_for_events(journal, "epoch", count, process)


def wait_for_events(journal: Path, kind: str, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if journal.exists() and journal.read_bytes().count(f'"event":"{kind}"'.encode()) >= count:
            return
        if process.poll() is not None:
            pytest.fail(f"it ended early: {process.communicate()[1]}")
        time.sleep(0.05)
    pytest.fail(f"no {count} events {kind!r} in two minutes")


def descends_from(pid: int, ancestor: int) -> bool:
    """Whether a process was started by another, so that a test never kills somebody else's worker."""
    while pid > 1:
        if pid == ancestor:
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return False
