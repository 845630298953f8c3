import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

import analysis
from analysis import charts, importance, load, load_many, scaling_fit, time_spent, wall_time
from analysis.report.facts import time_text
from support.made_up_runs import made_up_run
from tuner.errors import InputError
from tuner.runs.events import StudentEnded
from tuner.runs.settings import read_settings

RUNS = {
    "one trial of one epoch": {"trials": 1, "epochs": 1},
    "three trials": {"trials": 3, "epochs": 2},
    "all failed": {"trials": 4, "epochs": 2, "failing": 4},
    "forty": {"trials": 40, "epochs": 12, "failing": 3},
}

CHARTS = {
    "frontier": lambda run: charts.frontier(run.trials, title="all"),
    "learning_curves": charts.learning_curves,
    "trial_curve": charts.trial_curve,
    "effect": lambda run: charts.effect(run.trials, "units"),
    "interaction": lambda run: charts.interaction(run.trials, "units", "cell"),
    "importance": lambda run: charts.importance(importance(run.trials)),
    "scaling": lambda run: charts.scaling(run.trials, scaling_fit(run.trials)),
    "time_spent": lambda run: charts.time_spent(time_spent(run)),
    "compare_frontiers": lambda run: charts.compare_frontiers([run]),
}


@pytest.fixture(scope="module", params=RUNS)
def run(request, tmp_path_factory):
    return load(made_up_run(tmp_path_factory.mktemp("runs") / "r", **RUNS[request.param]).path)


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_of_every_run_saves_without_a_browser(name, run, tmp_path):
    chart = CHARTS[name](run)
    svg = charts.save(chart, tmp_path / "chart.svg").read_text()
    assert svg.startswith("<svg")
    assert "NaN" not in svg
    if len(run.trials) == 40:
        assert charts.save(chart, tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_other_endings_and_places_are_refused(run, tmp_path):
    chart = charts.time_spent(time_spent(run))
    with pytest.raises(InputError, match=r"received '\.gif'"):
        charts.save(chart, tmp_path / "chart.gif")
    with pytest.raises(InputError, match="cannot be written"):
        charts.save(chart, tmp_path / "no" / "chart.svg")


def test_time_by_hand(tmp_path):
    # One trial of two epochs of a second; half a second of the first compiling, a fifth of that tracing; two workers for 2 s.
    run = load(made_up_run(tmp_path / "r", trials=2, epochs=2, failing=1).path)
    table = time_spent(run).set_index("what")
    assert table["seconds"].to_dict() == {
        "training": 1.5,
        "tracing": 0.1,
        "compiling": 0.4,
        "waiting": 2.0,
        "saved by early stopping": 0.0,
    }
    assert table["share"].tolist() == pytest.approx([0.375, 0.025, 0.1, 0.5, 0.0])


def test_what_early_stopping_saved_by_hand(tmp_path):
    # Trial 0 is stopped after 2 of 4 epochs; its epochs without compiling took 0.5 and 1 seconds: 2 * 0.75 were saved.
    run = load(made_up_run(tmp_path / "r", trials=1, epochs=4).path)
    assert time_spent(run).set_index("what").loc["saved by early stopping", "seconds"] == 1.5


def test_how_long_a_search_took_and_what_was_forecast_by_hand(tmp_path):
    # Data were ready 4 s before the journal begins; a session of 2 s, an hour's pause, a session of 2 s that forecasts nothing.
    folder = made_up_run(tmp_path / "r", trials=2, epochs=2, failing=1)
    first = [json.loads(line) for line in folder.journal.read_text().splitlines()]
    created = datetime.fromisoformat(read_settings(folder.settings).created).timestamp()
    events = [event | {"time": created + 4 + event["time"]} for event in first]
    events[0]["expected"] = [5.0, 6.5, 90.0]
    again = [event | {"time": event["time"] + 3600} for event in events if event["event"] != "trial_proposed"]
    del again[0]["expected"]
    student = StudentEnded(
        time=again[-1]["time"] + 7200, student="00000-distilled", trial="00000", teacher="00001", fingerprint="f",
        hard_weight=0.5, status="completed", parameters=9,
    )  # fmt: skip
    all_of_it = [*events, *again, student.model_dump(mode="json")]
    folder.journal.write_text("".join(json.dumps(event) + "\n" for event in all_of_it))
    found = wall_time(load(folder.path))
    assert (found.seconds, found.expected) == (pytest.approx(8.0), (5.0, 6.5, 90.0))
    text = time_text(time_spent(load(folder.path)), found)
    assert text.startswith("The search took 8 s; forecast was 6 s (5 s to 1 min 30 s). Of the workers' time ")
    assert time_text(time_spent(load(folder.path)), replace(found, expected=None)).startswith("The search took 8 s. Of")


def test_two_runs_of_one_name_cannot_be_compared(tmp_path):
    paths = [made_up_run(tmp_path / part / "r", trials=1, epochs=1).path for part in ("a", "b")]
    with pytest.raises(InputError, match="two runs are named 'r'"):
        load_many(paths)


@pytest.mark.parametrize(("small", "large", "align"), [(1_000, 90_000, "left"), (90_000, 1_000, "right")])
def test_the_label_of_a_single_best_stays_within_the_chart(small, large, align):
    trials = (
        load(Path(analysis.__file__).parent / "sample_run")
        .trials.head(2)
        .assign(parameters=[small, large], val_accuracy=[0.9, 0.8])
    )
    (label,) = (
        layer["mark"] for layer in charts.frontier(trials).to_dict()["layer"] if layer["mark"].get("style") == "label"
    )
    assert label["align"] == align
