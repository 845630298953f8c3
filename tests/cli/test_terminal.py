import pandas as pd
import pytest

from analysis.charts.theme import value_axis
from tuner.cli.terminal import frontier_chart
from tuner.metrics import METRICS


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
