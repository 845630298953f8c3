import json

import numpy as np
import pytest

from analysis import forecast, load
from analysis.forecast import FACTORS, Curves, Forecaster, curves_of
from support.made_up_runs import made_up_run
from tuner.cli.main import run as tuner
from tuner.errors import InputError
from tuner.metrics import Objective
from tuner.runs.settings import read_settings, write_settings

SIZES = np.geomspace(300, 30_000, 12)


def law(sizes, epochs, texts=1.0):
    return 0.05 + 0.5 * (sizes / 300) ** -0.4 + 0.2 * epochs**-1.0 + 0.1 * texts**-0.5


def curves(texts=1.0):
    return Curves(SIZES, np.stack([law(SIZES, epochs, texts) for epochs in range(1, 7)], axis=1))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return load(made_up_run(tmp_path_factory.mktemp("runs") / "made", trials=24, epochs=8).path)


@pytest.fixture(scope="module")
def smaller(tmp_path_factory):
    folder = made_up_run(tmp_path_factory.mktemp("runs") / "smaller", trials=12, epochs=8)
    settings = read_settings(folder.settings)
    write_settings(folder.settings, settings.model_copy(update={"data": settings.data.model_copy(update={"train": 5})}))
    return load(folder.path)


@pytest.mark.parametrize("step", [{"params": 300_000}, {"epochs": 20}, {"params": 100_000, "epochs": 12}])
def test_a_law_is_found_again(step):
    found = Forecaster([curves()], [1]).expected(**step)
    true = law(step.get("params", 30_000), step.get("epochs", 6))
    assert found.middle == pytest.approx(true, rel=0.05)
    assert found.high < true < found.low


def test_a_law_of_texts_is_found_again_of_three_runs():
    known = [1.0, 2.0, 4.0]
    found = Forecaster([curves(texts) for texts in known], known).expected(texts=16.0)
    assert found.middle == pytest.approx(law(30_000, 6, 16.0), rel=0.05)
    two = Forecaster([curves(texts) for texts in known[1:]], known[1:]).expected(texts=16.0)
    assert two.high < law(30_000, 6, 16.0) < two.low


def test_nothing_gets_worse_and_what_is_farther_is_less_certain():
    forecaster = Forecaster([curves()], [1])
    near, far = forecaster.expected(params=60_000), forecaster.expected(params=300_000)
    assert far.middle < near.middle < curves().best
    assert far.low <= curves().best
    assert far.low - far.high > near.low - near.high


def test_a_perfect_run_stays_perfect():
    found = Forecaster([Curves(SIZES, np.zeros((12, 3)))], [1]).expected(params=60_000, epochs=6)
    assert found == (0, 0, 0)


def test_rows_are_what_is_there_each_change_and_all(made):
    table = forecast(made, params=500_000, epochs=16)
    assert table["what"].tolist() == ["now", "larger", "longer", "all"]
    assert table["val_accuracy"].iloc[0] == made.trials["val_accuracy"].max()
    assert table["val_accuracy"].iloc[3] >= table["val_accuracy"].iloc[1:3].max()
    later = table.iloc[1:]
    assert (later["low"] <= later["val_accuracy"]).all() and (later["val_accuracy"] <= later["high"]).all()  # noqa: PT018
    assert (later["low"] >= table["val_accuracy"].iloc[0]).all()
    assert forecast(made)["parameters"].iloc[1] == 2 * made.trials["parameters"].max()


def test_of_an_error_less_is_better(tmp_path):
    run = load(made_up_run(tmp_path / "r", trials=12, epochs=4, objective=Objective("log_loss", "min")).path)
    table = forecast(run, epochs=8)
    assert table["val_log_loss"].iloc[1] < table["val_log_loss"].iloc[0]
    assert table["low"].iloc[1] <= table["val_log_loss"].iloc[1] <= table["high"].iloc[1]


def test_curves_are_of_the_best_epoch_so_far_and_end_where_trials_do(made):
    found = curves_of(made)
    assert found.errors.shape == (24, 8)
    assert (np.diff(found.errors, axis=1) <= 0).all()
    assert found.best == pytest.approx(1 - made.trials["val_accuracy"].max())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"params": 10}, "params=10: made has .* parameters already"),
        ({"params": 10**9}, "give at most .* or search farther first"),
        ({"epochs": 8}, "made has 8 epochs already, and shows what these reach; give more, at most 32"),
        ({"epochs": 33}, "never checked; give at most 32"),
        (
            {"texts": 20},
            "the runs have 10 texts .* search on half of them or fewer too, for instance with `fraction=0.25`",
        ),
    ],
)
def test_what_the_run_does_not_bear_is_refused(made, asked, message):
    with pytest.raises(InputError, match=message):
        forecast(made, **asked)


def test_texts_need_a_run_on_fewer(made, smaller):
    table = forecast(smaller, made, texts=40)
    assert table["texts"].tolist() == [10, 40]
    with pytest.raises(InputError, match="texts=41: made has 10 texts"):
        forecast(made, smaller, texts=41)
    with pytest.raises(InputError, match="add `texts`, for instance `texts=20`"):
        forecast(made, smaller)


def test_few_trials_are_refused(tmp_path):
    run = load(made_up_run(tmp_path / "few", trials=3, epochs=4).path)
    with pytest.raises(InputError, match=r"few has 3 trials .*python -m tuner resume .*few` and `trials=12`"):
        forecast(run)


def test_the_command_prints_what_python_gives(made, capsys):
    assert tuner(["forecast", str(made.folder.path), "--params", "0.5M", "--epochs", "16", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["what"] for row in document["forecasts"]] == ["now", "larger", "longer", "all"]
    assert document["forecasts"][1]["parameters"] == 500_000
    assert tuner(["forecast", str(made.folder.path), "--params", "500k"]) == 0
    assert "90 % interval" in capsys.readouterr().out
    assert tuner(["forecast", str(made.folder.path), "--params", "many"]) == 2
    assert "'many' is no number" in capsys.readouterr().err


def test_the_factors_say_how_they_are_made():
    assert FACTORS.read_text(encoding="utf-8").startswith("# Made by python tests/benchmarks/bench_forecast.py --write")
