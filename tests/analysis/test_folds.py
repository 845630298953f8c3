"""What is said of configurations that were trained on folds."""

import json

import pandas as pd
import pytest

from analysis import frontier, load, rank, recommend
from analysis.folds import over_folds, with_most_folds
from analysis.report.page import render
from support.folds import FOLDED, FOLDS, folded_run
from tuner.cli.main import run as tuner
from tuner.export.trained import chosen_trials
from tuner.operations.confirmations import chosen_trials as confirmed_trials
from tuner.runs.configurations import contenders
from tuner.runs.journal import read_journal, read_skipped_folds
from tuner.runs.search_state import SearchState


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return load(folded_run(tmp_path_factory.mktemp("folds") / "folded").path)


def test_the_table_of_trials_says_their_folds(run):
    assert set(run.trials["fold"]) == {1, 2, 3}
    assert run.trials["fold"].tolist() == [int(trial) % FOLDS + 1 for trial in run.trials["trial_id"]]


def test_a_configuration_has_the_mean_of_its_folds_and_their_spread(run):
    assert len(run.configurations) == FOLDED.trials // FOLDS
    for _, row in run.candidates.iterrows():
        first = int(row["trial_id"])
        folds = run.trials[run.trials["trial_id"].astype(int).between(first, first + FOLDS - 1)]
        assert row["val_accuracy"] == pytest.approx(folds["val_accuracy"].mean())
        assert row["spread"] == pytest.approx(folds["val_accuracy"].std())
        assert (row["folds"], row["status"], row["seconds"]) == (FOLDS, "completed", folds["seconds"].sum())


def test_configurations_of_fewer_folds_are_neither_ranked_nor_on_the_frontier(run):
    behind = run.configurations[run.configurations["folds"] < FOLDS]
    assert not behind.empty
    assert not set(behind["trial_id"]) & set(run.candidates["trial_id"])
    state = SearchState(read_journal(run.folder.journal))
    assert set(run.candidates["trial_id"]) == {record.trial for record in contenders(state)}
    assert set(frontier(run.candidates)["trial_id"]) <= set(run.candidates["trial_id"])
    means = {record.trial: record.value for record in contenders(state)}
    assert run.candidates.set_index("trial_id")["val_accuracy"].to_dict() == pytest.approx(means)


def test_decision_export_and_confirmation_follow_the_means(run):
    best = rank(run.candidates)["trial_id"].iloc[0]
    recommendation = recommend(run.candidates)
    assert recommendation.best["trial_id"] == best
    assert chosen_trials(run, "best") == [best]
    assert chosen_trials(run, "knee") == [recommendation.chosen["trial_id"]]
    assert confirmed_trials(run, by="metric", top=1) == [best]
    assert run.folder.weights(best).exists()
    assert recommendation.chosen["trial_id"] in render(run)


def test_a_search_that_was_broken_off_ranks_what_came_furthest(tmp_path):
    early = load(folded_run(tmp_path / "early", reports=FOLDED.epochs + 1).path)
    assert early.candidates["trial_id"].tolist() == ["00000"]
    assert early.candidates[["folds", "status"]].to_numpy().tolist() == [[1, "running"]]
    first = load(folded_run(tmp_path / "first", reports=1).path)
    assert first.candidates[["folds", "status"]].to_numpy().tolist() == [[0, "running"]]


def test_rank_shows_configurations_and_those_behind(run, capsys):
    assert tuner(["rank", str(run.folder.path)]) == 0
    shown = capsys.readouterr().out
    assert "±" in shown
    assert "of fewer folds" in shown
    skipped = read_skipped_folds(run.folder.journal)
    assert skipped
    assert all(f"{trial}: {event.reason}" in shown for trial, event in skipped.items())
    assert f"of {len(run.configurations)} configurations shown, means over 3 folds" in " ".join(shown.split())
    assert tuner(["rank", str(run.folder.path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [trial["trial_id"] for trial in document["trials"]] == rank(run.candidates, top=10)["trial_id"].tolist()
    assert len(document["configurations"]) == len(run.configurations)
    assert {"folds", "spread"} <= document["trials"][0].keys()


def test_a_fold_that_failed_does_not_count():
    trials = pd.DataFrame(
        {
            "trial_id": ["00000", "00001", "00003", "00004"],
            "status": ["completed", "failed", "completed", "running"],
            "val_accuracy": [0.8, None, 0.6, 0.9],
            "parameters": [10, 10, 20, 20],
            "seconds": 1.0,
            "fold": pd.array([1, 2, 1, 2], dtype="Int64"),
        }
    )
    table = over_folds(trials)
    assert table["trial_id"].tolist() == ["00000", "00003"]
    assert table["status"].tolist() == ["failed", "running"]
    assert table["val_accuracy"].tolist() == [0.8, 0.6]
    assert table["folds"].tolist() == [1, 1]
    assert len(with_most_folds(table)) == 2
