"""A run that pursued an error rate, which is what accuracy leaves of 1: the same trials are best, the words are others."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

import analysis
from analysis import charts, load, rank
from analysis.report import render
from support.made_up_runs import made_up_run
from tuner.cli.confirm import confirmation_document, print_confirmation
from tuner.cli.progress import EventLines, LiveTable, PlainLines, RemoteLog, Standing
from tuner.cli.rank import print_results, rank_command
from tuner.errors import InputError
from tuner.metrics import METRICS, Metric, Objective
from tuner.runs.journal import read_journal
from tuner.runs.search_state import SearchState

ERROR = Objective("error", "min")
SAMPLE = Path(analysis.__file__).parent / "sample_run"


def error_metric(percent):
    return Metric(
        "error", "min", lambda found: float((found.predicted != found.labels).mean()),
        title="error rate", short="err", percent=percent, worthless=1.0,
    )  # fmt: skip


@pytest.fixture(params=[True, False], ids=["in percent", "plain"], autouse=True)
def known_metric(request, monkeypatch):
    monkeypatch.setitem(METRICS, "error", error_metric(request.param))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made_up_run(tmp_path_factory.mktemp("runs") / "mine", trials=40, epochs=8, failing=2, objective=ERROR).path


@pytest.fixture
def whole(folder):
    return load(folder)


@pytest.fixture
def run(whole):
    """The run without its accuracies, which nothing needs."""
    return without_accuracy(whole)


def without_accuracy(run):
    tables = {
        name: getattr(run, name).drop(columns=["val_accuracy", "test_accuracy", "train_accuracy"], errors="ignore")
        for name in ("trials", "epochs", "repeats")
    }
    return replace(run, **tables)


def test_the_same_trials_are_the_best(run, whole):
    assert run.objective == ERROR
    trials = run.trials
    for by in ("metric", "frontier", "knee"):
        ranked = rank(trials, by=by, objective=ERROR)
        assert ranked["trial_id"].tolist() == rank(whole.trials, by=by)["trial_id"].tolist()
    assert rank(trials, objective=ERROR)["val_error"].is_monotonic_increasing
    assert analysis.frontier(trials, objective=ERROR).index.equals(analysis.frontier(whole.trials).index)
    assert analysis.knee(trials, objective=ERROR) == analysis.knee(whole.trials)
    assert analysis.pareto_ranks(trials, objective=ERROR).equals(analysis.pareto_ranks(whole.trials))
    assert analysis.hypervolume(trials, objective=ERROR) == pytest.approx(analysis.hypervolume(whole.trials))
    for column in ("points_gained", "times_larger"):
        ours, theirs = analysis.accuracy_costs(trials, objective=ERROR), analysis.accuracy_costs(whole.trials)
        assert ours[column].tolist() == pytest.approx(theirs[column].tolist(), nan_ok=True)
    ours, theirs = analysis.by_configuration(trials, objective=ERROR), analysis.by_configuration(whole.trials)
    assert ours["trials"].tolist() == theirs["trials"].tolist()


def test_the_same_hyperparameters_matter(run, whole):
    ours, theirs = analysis.importance(run.trials, objective=ERROR), analysis.importance(whole.trials)
    assert set(ours["target"]) == {"error", "frontier"}
    assert ours["importance"].tolist() == pytest.approx(theirs["importance"].tolist())
    ours, theirs = analysis.effects(run.trials, objective=ERROR), analysis.effects(whole.trials)
    assert ours["lowest"].tolist() == pytest.approx((1 - theirs["highest"]).tolist())
    ours, theirs = analysis.interactions(run.trials, objective=ERROR), analysis.interactions(whole.trials)
    assert ours["mean_error"].tolist() == pytest.approx((1 - theirs["mean_accuracy"]).tolist())


def test_errors_fall_by_the_law_by_which_accuracies_rise(run, whole):
    ours, theirs = analysis.scaling_fit(run.trials, objective=ERROR), analysis.scaling_fit(whole.trials)
    assert (ours.ceiling, ours.scale) == pytest.approx((1 - theirs.ceiling, theirs.scale))
    low, high = ours.ceiling_interval
    assert (low, high) == pytest.approx((1 - theirs.ceiling_interval[1], 1 - theirs.ceiling_interval[0]))
    assert (ours.curve["low"] <= ours.curve["high"]).all()
    assert ours.curve["error"].tolist() == pytest.approx((1 - theirs.curve["accuracy"]).tolist())


def test_the_recommendation_names_the_metric(run, whole):
    decision = analysis.recommend(run.trials, objective=ERROR)
    assert decision.chosen["trial_id"] == analysis.recommend(whole.trials).chosen["trial_id"]
    gain = decision.chosen["val_error"] - decision.best["val_error"]
    percent = METRICS["error"].percent
    text = f"gains {100 * gain:.1f} points" if percent else f"gains {gain:.3f} with"
    assert (
        f"validation error rate with {decision.chosen['parameters']:,} parameters; the best, trial" in decision.sentence
    )
    assert text in decision.sentence
    assert analysis.compare([run])["best_error"].tolist() == [decision.best["val_error"]]
    assert analysis.references(run)["error"].is_monotonic_increasing


CHARTS = {
    "frontier": lambda run: charts.frontier(run.trials, references=analysis.references(run), objective=ERROR),
    "learning_curves": charts.learning_curves,
    "trial_curve": charts.trial_curve,
    "effect": lambda run: charts.effect(run.trials, "units", objective=ERROR),
    "interaction": lambda run: charts.interaction(run.trials, "units", "cell", objective=ERROR),
    "importance": lambda run: charts.importance(analysis.importance(run.trials, objective=ERROR), objective=ERROR),
    "scaling": lambda run: charts.scaling(
        run.trials, analysis.scaling_fit(run.trials, objective=ERROR), objective=ERROR
    ),
    "compare_frontiers": lambda run: charts.compare_frontiers([run]),
}


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_names_the_metric(name, run, tmp_path):
    chart = CHARTS[name](run)
    text = json.dumps(chart.to_dict())
    assert "error rate" in text
    assert "accura" not in text
    assert charts.save(chart, tmp_path / "chart.svg").read_text().startswith("<svg")


def test_runs_of_different_metrics_have_no_axis_in_common(run, tmp_path):
    other = load(made_up_run(tmp_path / "other", trials=3, epochs=2).path)
    with pytest.raises(InputError, match="pursued error and accuracy"):
        charts.compare_frontiers([run, other])
    assert analysis.compare([run, other])[["best_error", "best_accuracy"]].notna().sum().tolist() == [1, 1]


@pytest.mark.slow
def test_the_report_names_the_metric(run):
    text = render(run).split("<body>")[1].split("<script>")[0]
    assert "<h2>Error rate against parameters</h2>" in text
    assert "accura" not in text


@pytest.fixture
def confirmed():
    """A confirmed run that pursued the error rate."""
    run = load(SAMPLE)
    tables = {
        name: getattr(run, name).assign(
            val_error=1 - getattr(run, name)["val_accuracy"], test_error=1 - getattr(run, name)["test_accuracy"]
        )
        for name in ("trials", "repeats")
    }
    epochs = run.epochs.assign(val_error=1 - run.epochs["val_accuracy"])
    return replace(run, settings=run.settings.model_copy(update={"metric": "error"}), epochs=epochs, **tables)


@pytest.mark.slow
def test_a_confirmation_shows_the_metric_beside_the_accuracies_that_it_compares(confirmed):
    found = analysis.confirmation(confirmed)
    assert found.models["test_error"].tolist() == pytest.approx((1 - found.models["test_accuracy"]).tolist())
    assert "validation error rate" in json.dumps(charts.confirmation(confirmed, found).to_dict())
    out = Console(file=io.StringIO(), width=160)
    print_confirmation(out, confirmed, found)
    assert "test err" in out.file.getvalue()
    assert "val err" in out.file.getvalue()
    assert confirmation_document(confirmed, found)["models"][0].keys() > {"val_error", "test_error", "test_accuracy"}
    assert "test error rate" in render(confirmed)


def test_rank_prints_the_metric(folder, whole, capsys):
    best = rank(whole.trials, top=1).iloc[0]
    rank_command(str(folder), folder.parent, top=3, by="metric", as_json=False)
    heading, first, *_ = capsys.readouterr().out.splitlines()
    assert "val err" in heading
    assert first.split()[1:3] == [best["trial_id"], f"{best['val_error']:.4f}"]
    rank_command(str(folder), folder.parent, top=3, by="metric", as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["knee"] == analysis.knee(whole.trials)
    assert document["trials"][0]["trial_id"] == best["trial_id"]
    assert document["trials"][0]["val_error"] == best["val_error"]


def test_the_end_of_a_search_prints_the_metric(confirmed):
    out = Console(file=io.StringIO(), width=160)
    print_results(out, confirmed)
    assert "test err" in out.file.getvalue()
    assert "validation error rate against parameters" in out.file.getvalue()


def test_the_progress_of_a_search_elsewhere_shows_the_metric(folder):
    state, sent = SearchState(read_journal(folder / "journal.jsonl")), Console(file=io.StringIO(), width=200)
    with EventLines(sent, 1) as lines:
        lines.show(state)
    out = Console(file=io.StringIO(), width=200)
    with RemoteLog(out) as log:
        log.write(sent.file.getvalue())
    assert log._search_state.objective == ERROR
    best = min(record.value for record in state.with_score())
    assert f"best {best:.4f}" in out.file.getvalue()
    out.print(LiveTable(out, 1)._drawing(state, 1.0))
    assert "val err" in out.file.getvalue()
    failed = replace(state.trials["00000"], error=None)
    assert "no error rate" in PlainLines(out, 1)._line(failed, Standing(state, 1))


def test_a_table_without_the_metric_is_refused(whole):
    with pytest.raises(InputError, match="no column 'val_error'"):
        rank(whole.trials.drop(columns="val_error"), objective=ERROR)
