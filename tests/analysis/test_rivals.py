"""Linear models of n-grams beside the trials: in tables, references, charts, reports and the decision."""

import json
import shutil
from pathlib import Path

import pytest

import analysis
from analysis import charts, confirmation, load, recommend, references
from analysis.descriptions import percent
from analysis.report.page import render
from tuner.cli.rank import rank_command
from tuner.runs.events import RepeatEnded, RivalEnded
from tuner.runs.journal import read_rivals

SAMPLE = Path(analysis.__file__).parent / "sample_run"


def rival(name: str, accuracy: float | None, error: str | None = None, parameters: int = 5000) -> RivalEnded:
    if accuracy is None:
        return RivalEnded(time=9, rival=name, error=error)
    metrics = {"accuracy": accuracy}
    return RivalEnded(
        time=9, rival=name, parameters=parameters, val_loss=0.3, val_metrics=metrics, texts=80, seconds=1.0
    )


@pytest.fixture
def run_with(tmp_path):
    """Gives the sample run with such rivals."""

    def add(*events: RivalEnded):
        folder = tmp_path / "run"
        shutil.copytree(SAMPLE, folder)
        with (folder / "journal.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(event.model_dump_json() + "\n" for event in events)
        return load(folder)

    return add


def test_a_run_of_before_has_no_rivals():
    assert load(SAMPLE).rivals.empty


def test_of_a_rival_that_was_fitted_again_the_last_counts(run_with):
    run = run_with(rival("nb-svm", None, "no room"), rival("nb-svm", 0.7))
    assert read_rivals(run.folder.journal)["nb-svm"].error is None
    assert run.rivals["val_accuracy"].tolist() == [0.7]


def test_where_no_trial_is_better_the_rival_is_taken(run_with):
    run = run_with(rival("logistic-regression", 0.6), rival("nb-svm", 0.999))
    decision = recommend(run.trials, objective=run.objective, rivals=run.rivals)
    assert decision.takes_rival
    assert decision.sentence.startswith(
        f"Take the NB-SVM (nb-svm): {percent(0.999)} validation accuracy with 5,000 parameters; no network here is better."
    )


@pytest.mark.parametrize(("parameters", "taken"), [(19_234, False), (19_233, True), (5_000, True)])
def test_of_a_rival_and_a_trial_that_are_equally_good_the_smaller_is_taken(run_with, parameters, taken):
    run = run_with(rival("nb-svm", 0.9875, parameters=parameters))
    best = recommend(run.trials, objective=run.objective).best
    assert (best["val_accuracy"], best["parameters"]) == (0.9875, 19_233)
    assert recommend(run.trials, objective=run.objective, rivals=run.rivals).takes_rival is taken


def test_where_a_trial_is_better_the_rival_is_held_against_it(run_with):
    run = run_with(rival("logistic-regression", 0.6))
    decision = recommend(run.trials, objective=run.objective, rivals=run.rivals)
    alone = recommend(run.trials, objective=run.objective)
    assert decision.sentence == (
        f"{alone.sentence} The best linear model of n-grams, logistic-regression, has {percent(0.6)} with 5,000 parameters."
    )


@pytest.mark.slow
def test_references_chart_and_report_show_rivals(run_with):
    run = run_with(rival("logistic-regression", 0.8), rival("nb-svm", None, "no room"))
    found = references(run)
    assert found[found["kind"] == "rival"]["system"].tolist() == ["logistic-regression"]
    assert "triangle-up" in charts.frontier(run.trials, references=found).to_json()
    assert f"linear models of n-grams, trained on the same texts: logistic-regression {percent(0.8)} (" in render(run)


def test_rank_names_rivals_and_those_that_failed(run_with, capsys):
    run = run_with(rival("logistic-regression", 0.8), rival("nb-svm", None, "no room"))
    rank_command(str(run.folder.path), run.folder.path, top=3, by="metric", as_json=False)
    printed = capsys.readouterr().out.replace("\n", " ")
    assert f"logistic-regression: {percent(0.8)} validation accuracy with 5,000 parameters" in printed
    assert "nb-svm: could not be fitted (no room)" in printed
    rank_command(str(run.folder.path), run.folder.path, top=3, by="metric", as_json=True)
    first, second = json.loads(capsys.readouterr().out)["rivals"]
    assert (first["rival"], first["val_accuracy"], second["error"]) == ("logistic-regression", 0.8, "no room")


def test_a_confirmed_rival_has_an_interval_and_ties_though_it_is_fitted_once(run_with):
    run = run_with(rival("nb-svm", 0.8))
    first = run.repeats["model"].iloc[0]
    source = run.folder.predictions(first, 1)
    shutil.copy(source, run.folder.predictions("nb-svm", 1))
    end = run.repeats[(run.repeats["model"] == first) & (run.repeats["repeat"] == 1)].iloc[0]
    metrics = {"accuracy": end["test_accuracy"]}
    repeat = RepeatEnded(
        time=10, model="nb-svm", repeat=1, status="completed", parameters=5000, epochs=0, seconds=1.0, val_loss=0.3,
        val_metrics=metrics, test_loss=0.3, test_metrics=metrics,
    )  # fmt: skip
    with run.folder.journal.open("a", encoding="utf-8") as file:
        file.write(repeat.model_dump_json() + "\n")
    found = confirmation(load(run.folder.path))
    own = found.models.set_index("model").loc["nb-svm"]
    assert own["repeats"] == 1
    assert own["test_accuracy"] == pytest.approx(end["test_accuracy"])
    assert own["low"] < own["test_accuracy"] < own["high"]
    others = found.comparisons[(found.comparisons[["better", "other"]] == "nb-svm").any(axis=1)]
    assert others[["low", "high"]].abs().max(axis=None) < 100
    assert references(load(run.folder.path)).query("system == 'nb-svm'")["kind"].tolist() == ["rival"]
