import pandas as pd
import pytest

from analysis import frontier, knee, load, rank
from search_spaces import named_space
from support.fakes import controller_of, drive, run_folder, run_settings
from tuner.errors import InputError
from tuner.runs.settings import read_settings, write_settings
from tuner.runs.store import RunStore


@pytest.fixture
def folder(tmp_path):
    folder = run_folder(tmp_path / "run")
    write_settings(folder.settings, run_settings())
    return folder


def finished(folder):
    store = RunStore(folder)
    drive(controller_of(store), store)
    store.close()
    return folder


def test_settings_survive_a_round_trip(folder):
    assert read_settings(folder.settings) == run_settings()
    assert run_settings().resolved_space() == named_space("frontier")


def test_a_killed_run_loads_from_its_journal(folder):
    store = RunStore(folder)
    drive(controller_of(store), store, reports=20)
    run = load(folder.path)
    assert run.epochs.shape[0] == 20
    assert "running" in set(run.trials["status"])


def test_a_finished_run_loads_from_its_tables_alone(folder, monkeypatch):
    finished(folder)
    monkeypatch.setattr("analysis.loading.read_journal", lambda _path: pytest.fail("the tables hold everything"))
    assert len(load("run", runs_dir=folder.path.parent).trials) == 12


def test_tables_and_journal_give_the_same(folder):
    finished(folder)
    from_tables = load(folder.path)
    folder.table("trials").unlink()
    from_journal = load(folder.path)
    pd.testing.assert_frame_equal(from_tables.trials, from_journal.trials)
    pd.testing.assert_frame_equal(from_tables.epochs, from_journal.epochs)


def test_rank_by_accuracy_takes_the_smaller_of_equals():
    trials = pd.DataFrame(
        {"trial_id": ["a", "b", "c", "d"], "val_accuracy": [0.8, 0.9, 0.9, None], "parameters": [10, 300, 200, 5]}
    )
    ranked = rank(trials)
    assert ranked["trial_id"].tolist() == ["c", "b", "a"]
    assert ranked["on_frontier"].tolist() == [True, False, True]
    assert ranked["rank"].tolist() == [1, 2, 3]


def test_rank_by_frontier_goes_layer_by_layer():
    trials = pd.DataFrame(
        {"trial_id": list("abcd"), "val_accuracy": [0.7, 0.9, 0.6, 0.85], "parameters": [10, 100, 20, 200]}
    )
    assert rank(trials, by="frontier")["trial_id"].tolist() == ["a", "b", "c", "d"]
    assert rank(trials, by="frontier", top=1)["trial_id"].tolist() == ["a"]


def test_the_knee_worked_out_on_paper():
    # On axes scaled to [0, 1]: (0, 0), (0.5, 0.8), (0.75, 0.9), (1, 1): the second lies 0.3 above the chord, the third 0.15.
    trials = pd.DataFrame(
        {"trial_id": list("abcd"), "parameters": [10**2, 10**4, 10**5, 10**6], "val_accuracy": [0.5, 0.9, 0.95, 1.0]}
    )
    assert knee(trials) == "b"
    assert knee(trials.head(1)) == "a"
    assert knee(trials.head(0)) is None
    assert frontier(trials)["trial_id"].tolist() == list("abcd")


def test_folders_that_are_no_run_are_one_line(folder):
    folder.journal.unlink()
    with pytest.raises(InputError, match="without its journal"):
        load(folder.path)
    folder.settings.write_text("name: [")
    with pytest.raises(InputError, match="is not what a search wrote"):
        load(folder.path)
