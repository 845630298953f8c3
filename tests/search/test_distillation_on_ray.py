"""Distillation as a user runs it: search, distill, and what the other commands make of students."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from analysis import ensemble, load
from support.exported_run import write_exported_run
from support.searches import kill, run_here, search, start, wait_until, write_reviews
from tuner.cli.main import run as command_line
from tuner.measures import Predictions
from tuner.runs.journal import read_students
from tuner.runs.predictions import pack_validation

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("on_shared_ray")]

THREE = ("--set", "units=4,8,16", "--trials", "6", "--scheduler", "none")


@pytest.fixture(scope="module")
def searched(tmp_path_factory, on_shared_ray):
    """The folder of a quick search, its data beside it."""
    folder = tmp_path_factory.mktemp("distill")
    data = write_reviews(folder / "reviews.csv", 600)
    found = run_here(folder, *search(data, "run", *THREE, "--epochs", "3"), quick=True)
    assert found.returncode == 0, found.stderr
    return folder / "run"


def teacher_file(run, path):
    """Probabilities of somebody else's model, for all texts but every fifth."""
    texts = pd.read_csv(run.parent / "reviews.csv")
    is_positive = (texts["sentiment"] == "positive").astype(float)
    table = texts[["review"]].assign(probability_positive=0.1 + 0.8 * is_positive, negative=0.9 - 0.8 * is_positive)
    table[table.index % 5 > 0].to_csv(path, index=False)
    return path


def results(run):
    """What students came to, without times."""
    return {
        name: event.model_dump(exclude={"time", "seconds"})
        for name, event in read_students(run / "journal.jsonl").items()
    }


def test_a_distillation_that_was_killed_goes_on_to_the_same_numbers(searched, tmp_path):
    given = teacher_file(searched, tmp_path / "probabilities.csv")
    runs = [shutil.copytree(searched, tmp_path / name / "run") for name in ("whole", "killed")]
    command = ("distill", "run", "--teacher-file", given)
    whole = run_here(tmp_path, *command, runs_dir=runs[0].parent, quick=True)
    assert whole.returncode == 0, whole.stderr
    assert "left out: " in " ".join(whole.stdout.split())
    assert "with the label alone" in " ".join(whole.stdout.split())
    front = load(runs[0]).trials
    assert len(results(runs[0])) >= 1
    assert {event["trial"] for event in results(runs[0]).values()} <= set(front["trial_id"])

    slow = start(tmp_path, *command, runs_dir=runs[1].parent, quick=True, QUICK_SECONDS_PER_EPOCH="1")
    wait_until((runs[1] / "models" / "teachers").is_dir, slow, "a teacher")
    kill(slow)
    assert len(results(runs[1])) < len(results(runs[0]))
    again = run_here(tmp_path, *command, runs_dir=runs[1].parent, quick=True)
    assert again.returncode == 0, again.stderr
    assert results(runs[1]) == results(runs[0])
    done = run_here(tmp_path, *command, "--json", runs_dir=runs[1].parent, quick=True)
    assert done.returncode == 0, done.stderr
    assert "nothing, all is there" in done.stderr
    assert {row["trial_id"] for row in json.loads(done.stdout)["students"]} == set(results(runs[0]))

    confirmed = run_here(tmp_path, "confirm", "run", "--by", "metric", "--top", "20", "--repeats", "2", runs_dir=runs[1].parent,
                     quick=True)  # fmt: skip
    assert confirmed.returncode == 0, confirmed.stderr
    models = load(runs[1]).repeats.groupby("model").size()
    assert (models[list(results(runs[1]))] == 2).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--teacher", "77"],
            "error: --teacher 77: run has no such teacher with its weights; give best, ensemble, or one of",
        ),
        (["--teacher", "1", "--teacher-file", "x.csv"], "give one of both"),
        (["--unlabelled", "x.csv", "--teacher-file", "x.csv"], "put them into that file with their probabilities"),
        (["--teacher-file", "nothing.csv"], "no data under"),
        (["--hard-weight", "1"], "hard-weight"),
        (["--students", "0"], "students"),
    ],
)
def test_what_cannot_be_distilled_is_one_line(searched, arguments, message, capsys):
    assert command_line(["distill", "run", "--runs-dir", str(searched.parent), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert read_students(searched / "journal.jsonl") == {}


def test_the_command_leaves_ray_to_who_starts_it():
    """Ray takes its settings when it is first imported: whoever imports it before they are made starts one with tokens."""
    code = "import sys, tuner.cli.distill; print([name for name in ('ray', 'tensorflow') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.tensorflow
def test_a_student_of_an_ensemble_is_ranked_exported_and_reported(on_shared_ray, tmp_path, capsys):
    """Of a run with weights, whose best average is of trials that count words by different orders."""
    run_path = write_exported_run(tmp_path)
    labels = np.tile([0, 1, 2], 8)
    for number, trial in enumerate(("00000", "00003")):  # wrong on other texts
        shares = np.full((24, 3), 0.05) + 0.85 * np.eye(3)[labels]
        shares[number::8] = (np.full((24, 3), 0.4) - 0.2 * np.eye(3)[labels])[number::8]
        found = Predictions(labels, labels, np.log(shares), ("meh", "no", "yes"))
        load(run_path).folder.validation(trial).write_bytes(pack_validation(found))
    teacher = ensemble(load(run_path)).title
    assert {"00000", "00003"} == {member.name for member in ensemble(load(run_path)).members}
    more = write_reviews(tmp_path / "more.csv", 50)
    more.write_text(more.read_text(encoding="utf-8").replace("review,sentiment", "text,sentiment"), encoding="utf-8")
    common = ["--runs-dir", str(tmp_path)]
    distilling = ["distill", "mine", "--teacher", "ensemble", "--unlabelled", str(more), "--students", "1", *common]
    assert command_line(distilling) == 0
    run = load(run_path)
    (student,) = run.students["trial_id"]
    assert (student, run.students["epochs"].iloc[0]) == ("00005-distilled", 1)
    assert run.students["teacher"].iloc[0] == f"ensemble of {teacher}, texts of more.csv too"
    assert run.folder.validation(student).exists()
    capsys.readouterr()
    assert command_line(["rank", "mine", "--top", "20", "--json", *common]) == 0
    ranked = json.loads(capsys.readouterr().out)
    assert student in [row["trial_id"] for row in ranked["trials"]]
    assert [row["trial_id"] for row in ranked["students"]] == [student]
    assert command_line(["export", "mine", "--trial", student, "--out", str(tmp_path / "model"), *common]) == 0
    assert "probabilities of a teacher: ensemble of" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert command_line(["report", "mine", "--out", str(tmp_path / "report.html"), *common]) == 0
    assert student in (tmp_path / "report.html").read_text(encoding="utf-8")
