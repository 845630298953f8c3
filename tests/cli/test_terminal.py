from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

import analysis
from analysis import load, rank
from analysis.charts.theme import value_axis
from support.made_up_runs import made_up_run
from tuner.cli.confirm import print_confirmation
from tuner.cli.terminal import frontier_chart, rank_table
from tuner.metrics import METRICS, objective_of


@pytest.mark.parametrize(
    ("metric", "value", "lowest", "highest"),
    [
        ("accuracy", 0.95, 0.94, 0.96),
        ("accuracy", 1.0, 0.99, 1.0),
        ("accuracy", 0.0, 0.0, 0.01),
        ("mcc", -1.0, -1.0, -0.99),
        ("log_loss", 0.0, 0.0, 0.01),
        ("log_loss", 3.0, 2.99, 3.01),
    ],
)
def test_an_axis_of_equal_trials_holds_only_what_the_metric_can_be(metric, value, lowest, highest):
    objective = METRICS[metric].objective
    values = [value] * 3
    trials = pd.DataFrame({"trial_id": ["a", "b", "c"], "parameters": [100, 1_000, 20_000], objective.column: values})
    lines = frontier_chart(trials, width=80, objective=objective).plain.splitlines()
    ticks = [float(line.partition("┤")[0]) for line in lines if "┤" in line]
    assert (min(ticks), max(ticks)) == (lowest, highest)
    low, high = value_axis(objective.column, trials[objective.column], objective, None).to_dict()["scale"]["domain"]
    assert lowest <= low < high <= highest


def test_rivals_are_on_the_chart_and_widen_its_axes():
    objective = METRICS["accuracy"].objective
    trials = pd.DataFrame({"trial_id": ["a", "b"], "parameters": [1_000, 2_000], "val_accuracy": [0.7, 0.8]})
    rivals = pd.DataFrame(
        {
            "rival": ["nb-svm", "failed"],
            "parameters": [90_000, None],
            "val_accuracy": [0.95, None],
            "error": [None, "no"],
        }
    )
    without = frontier_chart(trials, width=80, objective=objective).plain
    chart = frontier_chart(trials, width=80, objective=objective, rivals=rivals).plain
    assert "◇" not in without
    assert "★ frontier, ◇ rivals" in chart
    body = chart.splitlines()[1:]
    assert sum(line.count("◇") for line in body) == 1
    assert body[1].startswith("0.95")
    assert "◇" in body[1]
    assert "50k" in body[-1]
    assert "50k" not in without


@pytest.mark.parametrize("width", [80, 109, 110, 118, 124, 160])
@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_ranked_trials_are_whole_at_any_width(tmp_path, width, metric):
    objective = objective_of(metric)
    run = load(made_up_run(tmp_path / "mine", trials=12, epochs=8).path)
    figures = {objective.column: run.trials["val_accuracy"], objective.test_column: 0.8765}
    ranked = rank(run.trials.assign(**figures), objective=objective)
    out = StringIO()
    Console(file=out, width=width).print(rank_table(ranked, width=width, objective=objective))
    heading, *lines = out.getvalue().splitlines()
    assert all(
        name in heading for name in (f"val {objective.metric.short}", f"test {objective.metric.short}", "parameters")
    )
    for line, (_, row) in zip(lines, ranked.iterrows(), strict=True):
        for figure in (
            row["trial_id"],
            f"{row[objective.column]:.4f}",
            "0.8765",
            f"{row['parameters']:,}",
            row["status"],
        ):
            assert figure in line


@pytest.mark.parametrize("width", [80, 110, 118, 140])
def test_confirmed_models_are_whole_at_any_width(width):
    run = load(Path(analysis.__file__).parent / "sample_run")
    out, found = StringIO(), analysis.confirmation(run)
    print_confirmation(Console(file=out, width=width), run, found)
    lines = out.getvalue().splitlines()
    for _, row in found.models.iterrows():
        line = next(line for line in lines if line.lstrip().startswith(row["model"]))
        for figure in (
            f"{row['test_accuracy']:.4f}",
            f"{row['low']:.4f} to {row['high']:.4f}",
            f"{row['parameters']:,}",
        ):
            assert figure in line
