from dataclasses import replace

import pandas as pd
import pytest

from analysis import load
from analysis.published import beside, published_table, published_tables, tables_for, verdicts
from analysis.published.reproduction import reproduction, save_reproduction
from search_spaces import TrialConfig, named_space, named_spaces
from search_spaces.experiment import named_experiment
from support.experiment_runs import experiment_run
from tuner.errors import InputError

OPTIMIZERS = {"rmsprop": 0.88, "adam": 0.86, "adagrad": 0.70, "sgd": 0.52}


@pytest.mark.parametrize("table", published_tables().values(), ids=lambda table: table.name)
def test_tables_hold_plausible_figures_under_known_names(table):
    known = {"system", "source", "note", "epochs", "parameters", "seconds", "train_loss", "train_accuracy", "val_accuracy",
             "test_accuracy", "test_loss"}  # fmt: skip
    assert set(table.rows.columns) <= known | set(TrialConfig.model_fields)
    assert set(table.setting) <= set(TrialConfig.model_fields)
    for name in ("val_accuracy", "test_accuracy"):
        if name in table.rows:
            assert table.rows[name].dropna().between(0.45, 1.0).all()
    assert table.comparable
    assert "\n" not in table.comparable


def test_every_row_is_there():
    rows = {table.name: len(table.rows) for table in published_tables().values()}
    assert rows["imdb_simple_rnn_state_size"] == 35
    assert rows["imdb_lstm_state_size"] == 56
    assert rows["imdb_lstm_compound_scaling"] == 27


def test_systems_of_a_data_set():
    found = tables_for("imdb")
    assert list(found.columns) == ["system", "accuracy", "parameters", "split", "source"]
    assert found["accuracy"].is_monotonic_decreasing
    assert not found.duplicated(["system", "split", "source"]).any()
    best = found[found["source"] == "report 004"].iloc[0]
    assert (best["accuracy"], best["parameters"], best["split"]) == (0.8813, 79398, "test")
    averaged = found[found["system"] == "averaged embeddings"].iloc[0]
    assert averaged["parameters"] == 1_000_051
    assert set(tables_for("trec")["split"]) == {"test", "validation"}
    empty = tables_for("unknown")
    assert empty.empty
    assert list(empty.columns) == list(found.columns)
    with pytest.raises(InputError, match="no published table 'none'"):
        published_table("none")


@pytest.mark.parametrize("name", [name for name in published_tables() if name in named_spaces()])
def test_every_printed_row_is_a_point_of_its_space(name):
    space, table = named_space(name), published_table(name)
    assert named_experiment(name).data == table.data
    assert named_experiment(name).report == table.report
    for _, row in table.rows.iterrows():
        for parameter in table.hyperparameters:
            if pd.notna(row[parameter]):
                assert row[parameter] in space.parameters[parameter] or row[parameter] == 0.00063328
        if "epochs" in row:
            assert row["epochs"] <= named_experiment(name).epochs


def test_one_trial_gives_the_rows_of_every_count_of_epochs(tmp_path):
    folder = experiment_run(
        tmp_path / "lstm", "imdb_lstm_state_size", lambda config, epoch: 0.5 + epoch / 20 + config.units / 10_000
    )
    rows = beside(load(folder.path), published_table("imdb_lstm_state_size"))
    assert len(rows) == 56 + 1
    printed = rows.iloc[:-1]
    assert printed["trial_id"].nunique() == 12
    third = printed[(printed["published_test_accuracy"] == 0.8462)].iloc[0]
    assert (third["epochs"], third["seconds"], third["published_seconds"]) == (3, 6.0, 1598.0)
    assert third["val_accuracy"] == pytest.approx(0.5 + 3 / 20 + 0.02)
    assert rows.iloc[-1]["system"] == "the most accurate of our 12 trials"
    assert rows.iloc[-1]["epochs"] == 5


def without_sgd(run):
    return replace(run, trials=run.trials[run.trials["config/optimizer"] != "sgd"])


def test_a_row_without_a_trial_stays_empty(tmp_path):
    run = without_sgd(load(experiment_run(tmp_path / "o", "imdb_optimizers", lambda *_: 0.6).path))
    rows = beside(run, published_table("imdb_optimizers"))
    assert pd.isna(rows.iloc[2]["trial_id"])
    assert pd.isna(rows.iloc[2]["parameters"])


def evaluated(tmp_path, accuracy, name="imdb_optimizers", **how):
    run = load(experiment_run(tmp_path / "run", name, accuracy, **how).path)
    return {verdict.says: verdict for verdict in verdicts(run, name)}


def test_conclusions_that_hold(tmp_path):
    found = evaluated(
        tmp_path, lambda config, _: OPTIMIZERS[config.optimizer] + 0.03 * (config.cell == "gru"), train_loss=0.6931
    )
    assert [verdict.outcome for verdict in found.values()] == ["holds"] * 4
    order = found["LSTM: RMSprop at least as good as Adam, above Adagrad, above SGD"]
    assert order.figures == "rmsprop 0.8800, adam 0.8600, adagrad 0.7000, sgd 0.5200"
    assert found["with SGD the loss stays at 0.69"].figures == "train loss 0.6931 to 0.6931"


def test_conclusions_that_do_not_hold_or_are_not_decided(tmp_path):
    upside_down = {"rmsprop": 0.80, "adam": 0.86, "adagrad": 0.70, "sgd": 0.52}
    found = evaluated(
        tmp_path,
        lambda config, _: (
            upside_down[config.optimizer] if config.cell == "lstm" else {**OPTIMIZERS, "adam": 0.88}[config.optimizer]
        ),
        train_loss=0.5,
    )
    outcomes = {says.split(":")[0]: verdict.outcome for says, verdict in found.items()}
    assert outcomes["LSTM"] == "does not hold"
    assert outcomes["GRU"] == "not decided"
    assert outcomes["with SGD the loss stays at 0.69"] == "does not hold"


def test_a_difference_within_two_standard_errors_decides_nothing(tmp_path):
    # 5,000 texts: the standard error of a difference at 0.85 is 0.0071.
    near = evaluated(tmp_path / "near", lambda config, _: 0.85 + 0.013 * (config.units == 100), "imdb_width")
    far = evaluated(tmp_path / "far", lambda config, _: 0.85 + 0.016 * (config.units == 100), "imdb_width")
    assert near["one wide layer is worse"].outcome == "not decided"
    assert far["one wide layer is worse"].outcome == "holds"


def test_best_is_judged_by_its_margin(tmp_path):
    wanted = "256 numbers a word are worse than 128"
    best = "one number a word is best"
    found = evaluated(tmp_path / "a", lambda config, _: 0.90 if config.embedding == 1 else 0.85, "imdb_embedding")
    assert (found[best].outcome, found[wanted].outcome) == ("holds", "not decided")
    found = evaluated(tmp_path / "b", lambda config, _: 0.85 if config.embedding == 1 else 0.90, "imdb_embedding")
    assert found[best].outcome == "does not hold"
    found = evaluated(tmp_path / "c", lambda config, _: 0.90 if config.embedding == 1 else 0.898, "imdb_embedding")
    assert found[best].outcome == "not decided"


def test_what_was_not_run_is_said(tmp_path):
    run = without_sgd(load(experiment_run(tmp_path / "o", "imdb_optimizers", lambda *_: 0.6).path))
    found = {verdict.says: verdict.outcome for verdict in verdicts(run, "imdb_optimizers")}
    assert found["with SGD the loss stays at 0.69"] == "not run"
    assert found["LSTM: RMSprop at least as good as Adam, above Adagrad, above SGD"] == "not run"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in named_spaces() if named_experiment(name) is not None])
def test_every_experiment_of_a_grid_can_be_set_beside_its_report(tmp_path, name):
    if named_space(name).continuous():
        pytest.skip("a sample, no grid")
    run = load(experiment_run(tmp_path / name, name, lambda *_: 0.6).path)
    result = reproduction(run, name, named_experiment(name))
    assert all(verdict.outcome != "not run" for verdict in result.verdicts)
    if result.table is not None:
        assert result.rows["val_accuracy"].notna().all()


def test_the_comparison_is_kept_with_the_run(tmp_path):
    folder = experiment_run(
        tmp_path / "o", "imdb_optimizers", lambda config, _: OPTIMIZERS[config.optimizer], fraction=0.1
    )
    run = load(folder.path)
    result = reproduction(run, "imdb_optimizers", named_experiment("imdb_optimizers"))
    assert save_reproduction(run, result) == ["reproduction.md", "reproduction.csv"]
    text = (folder.path / "reproduction.md").read_text()
    assert "| 0.8813 |" in text
    assert "**holds** (rmsprop 0.8800" in text
    assert "a share of 0.1 of the data" in text
    assert "The training texts have 30,000 ids, the report's network 37,996" in text
    assert "second bias vector" in text
    assert len(pd.read_csv(folder.path / "reproduction.csv")) == 4
