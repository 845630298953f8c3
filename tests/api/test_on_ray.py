"""Searches from a script and from a notebook, as users write them."""

import json
import os
import re
import subprocess
import sys

import pandas as pd
import pytest

from analysis import load
from support.covering import FULL_CONTRACT
from support.searches import PYTHONPATH, assert_same_decisions, run_here, write_reviews
from tuner.api.functions import _settings
from tuner.runs.folder import RunFolder

SMALL = {"layers": 1, "units": [4, 8], "embedding": 4, "cell": "gru", "pooling": "max"}
WITH_NETWORKS = FULL_CONTRACT
"""Whether the script trains networks, exports one and predicts by it; the notebook of tests/analysis/test_notebook.py does."""
pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("on_shared_ray")]
if WITH_NETWORKS:
    pytestmark.append(pytest.mark.tensorflow)
SCRIPT = f"""
import json, os, shutil, signal, time
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import ray
import tuner
from support.quick_tuner import quick_training

df = pd.read_csv("reviews.csv")
ends = []

class Listener:
    def on_end(self, run):
        ends.append(run.name)

class Interrupts:
    def on_trial(self, trial):
        os.kill(os.getpid(), signal.SIGINT)

@ray.remote(num_cpus=0)
class Mine:
    def answer(self):
        return "still there"

ray.init(log_to_driver=False)
mine = Mine.remote()
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell that starts this in the background ignores
options = dict(text="review", label="sentiment", settings={SMALL!r}, epochs=4, concurrency=1, rivals=False)
with nullcontext() if {WITH_NETWORKS} else quick_training():
    run = tuner.search(df, name="mine", trials=3, callbacks=[Listener()], **options)
with quick_training():
    behind = tuner.search(df, name="behind", trials=400, background=True, **options)
    journal = Path("runs/behind/journal.jsonl")
    while not (journal.exists() and '"event":"epoch"' in journal.read_text()):
        assert behind.is_running
        time.sleep(0.1)
    behind.stop()
    never = tuner.search(df, name="never", trials=2, background=True, **options)
    never.stop()
    refused = tuner.search(df, name="refused", trials=2, background=True, cpus_per_trial=1e6, **options)
    try:
        refused.wait()
        raise SystemExit("was not refused")
    except tuner.InputError as error:
        refused = str(error)
    try:
        tuner.search(df, name="interrupted", trials=6, callbacks=[Interrupts()], **options)
        raise SystemExit("was not interrupted")
    except KeyboardInterrupt:
        left = len(tuner.SearchRun(tuner.runs.folder.RunFolder(Path("runs/interrupted"))).trials)
    shutil.move("runs/interrupted", "runs/moved")
    resumed = tuner.resume("moved", trials=7)
assert not never.is_running
predicted = dict()
if {WITH_NETWORKS}:
    predicted = tuner.export(run, trial="best").predict(["a lovely film", "bad"]).to_dict("list")
print(json.dumps(dict(
    ends=ends, best=run.best, frontier=run.frontier()["trial_id"].tolist(), repr=repr(resumed),
    report=str(run.report("page.html")),
    interrupted=[left, len(resumed.trials)], rays=ray.get(mine.answer.remote()), refused=refused,
    behind=[behind.is_running, len(behind.trials)], predicted=predicted,
)))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts")
    write_reviews(folder / "reviews.csv", examples=400)
    return folder


@pytest.fixture(scope="module")
def script(folder, on_shared_ray):
    """What a script without ``if __name__`` prints, and the folder that it ran in."""
    (folder / "script.py").write_text(SCRIPT)
    found = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, env={**os.environ, "PYTHONPATH": PYTHONPATH}, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert "experiment_analysis" not in found.stderr, "Tune is quiet on a Ray of the caller's, too"
    return json.loads(found.stdout.splitlines()[-1]), found.stdout


def test_a_script_searches_and_resumes(script, folder):
    found, printed = script
    assert found["ends"] == ["mine"]
    assert found["best"] in found["frontier"]
    assert found["repr"] == f"<run moved in {folder / 'runs' / 'moved'}: 7 of 7 trials>"
    if WITH_NETWORKS:
        assert set(found["predicted"]["label"]) <= {"negative", "positive"}
        assert len(found["predicted"]["probability_positive"]) == 2
    assert (folder / "page.html").stat().st_size > 10_000
    assert "trial 00000 completed" in printed or "trial 00000 stopped" in printed


def test_data_in_memory_are_the_runs_own_and_move_with_it(script, folder):
    run = RunFolder(folder / "runs" / "moved")
    assert [path.name for path in run.data.iterdir()] == ["train.parquet"]
    assert pd.read_parquet(run.data / "train.parquet").equals(pd.read_csv(folder / "reviews.csv"))
    assert len(load(run.path).trials) == 7
    assert not list((folder / "runs").glob(".data-*"))


def test_a_ray_that_the_caller_has_started_stays_with_all_that_is_his(script):
    assert script[0]["rays"] == "still there"


def test_what_ends_a_search_in_the_background_is_said_at_once_and_raised_by_wait(script):
    found, printed = script
    assert found["refused"].startswith("cpus_per_trial=1000000.0: ")
    assert f"refused has ended: {found['refused']}" in printed


def test_a_search_that_is_interrupted_can_be_resumed(script):
    (left, resumed), printed = script[0]["interrupted"], script[1]
    assert left < 6
    assert resumed == 7
    assert "interrupted: what is done is kept; go on with tuner.resume('interrupted')" in printed


def test_a_search_in_the_background_is_stopped_and_kept(script, folder):
    (is_running, trials), _ = script[0]["behind"], script
    assert not is_running
    assert trials < 400
    assert load(folder / "runs" / "behind").settings.trials == 400


def test_numbers_are_those_of_the_command_line(script, folder):
    settings = [f"--set={setting}" for setting in _settings(SMALL)]
    pd.read_csv(folder / "reviews.csv").to_parquet(folder / "reviews.parquet")
    result = run_here(
        folder, "search", "--data", "reviews.parquet", "--text-column", "review", "--label-column", "sentiment",
        "--name", "shell", "--trials", 3, "--epochs", 4, "--concurrency", 1, *settings, quick=not WITH_NETWORKS,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert_same_decisions(folder / "runs" / "mine", folder / "shell")


def test_a_notebook_shows_a_table_and_a_chart_that_are_drawn_in_place(folder):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    cells = [
        "import pandas as pd, tuner",
        "from support.quick_tuner import quick_training; training = quick_training(); training.__enter__();",
        f"run = tuner.search(pd.read_csv('reviews.csv'), label='sentiment', name='live', trials=2, epochs=2, concurrency=1, "
        f"rivals=False, settings={SMALL!r})",
        "run",
        "run.charts.frontier()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    messages = []
    client = nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}})
    original = client.process_message

    def keep(message, cell, index):
        messages.append(message)
        return original(message, cell, index)

    client.process_message = keep
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", PYTHONPATH)
        client.execute()
    kinds = [message["msg_type"] for message in messages]
    assert kinds.count("update_display_data") >= 2
    _, _, searched, shown, chart = notebook.cells
    table, drawing = [output for output in searched.outputs if output.output_type == "display_data"]
    assert "<progress" in table.data["text/html"]
    assert "2/2 trials" in table.data["text/html"]
    assert "<svg" in drawing.data["text/html"]
    assert "http" not in re.sub(r' xmlns(:\w+)?="[^"]*"', "", drawing.data["text/html"]), "a chart needs no network"
    assert "<svg" in shown.outputs[0].data["text/html"]
    assert "<table" in shown.outputs[0].data["text/html"]
    assert "vega" in chart.outputs[0].data["text/html"]
    assert not [output for cell in notebook.cells for output in cell.outputs if output.get("name") == "stderr"]
