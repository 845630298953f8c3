import numpy as np
import pandas as pd
import pytest

from analysis.published import published_table, published_tables
from search_spaces import named_space, named_spaces
from search_spaces.experiment import named_experiment
from support.experiment_runs import experiment_run
from support.searches import run_here
from tuner.cli.main import run
from tuner.cli.reproduce import explained_counts

WORDS = {"ABBR": "short stand for", "DESC": "why is it", "HUM": "who was he"}


@pytest.fixture
def questions(tmp_path):
    """A folder with a made-up trec.parquet in it."""
    (tmp_path / "data").mkdir()
    generator = np.random.default_rng(0)
    rows = [
        {"text": f"{WORDS[label]} {generator.integers(50)} number {number} ?", "label": label, "split": split}
        for number in range(240)
        for label, split in [(sorted(WORDS)[number % 3], "test" if number % 8 == 0 else "train")]
    ]
    pd.DataFrame(rows).to_parquet(tmp_path / "data" / "trec.parquet")
    return tmp_path


def options(folder):
    return ["--data-dir", str(folder / "data"), "--runs-dir", str(folder / "runs")]


def test_a_dry_run_says_the_cost_and_writes_nothing(questions, capsys):
    assert run(["reproduce", "trec_grid", "--fraction", "0.5", "--dry-run", *options(questions)]) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "300 of at most 100 epochs, grid" in output
    assert "texts 120 72 33 15" in output
    assert "a share of 0.5" in output
    assert "forecast" in output
    assert not list(questions.glob("runs/*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["frontier"], "frontier: is a space without an experiment"),
        (["trec_gird"], "did you mean trec_grid"),
        (["trec_grid", "--fraction", "2"], "2.0 is not in the range 0<x<=1"),
        (["trec_grid", "--set", "unit=3"], "did you mean units"),
        (["trec_input_embedding"], "vectors=trained: needs a file of word vectors"),
        (["imdb_width"], "cannot be downloaded|is not in"),
    ],
)
def test_what_cannot_be_reproduced_is_one_line(questions, monkeypatch, capsys, arguments, message):
    def no_network(*_args, **_kwargs):
        raise OSError("no network in tests")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    assert run(["reproduce", *arguments, *options(questions)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert pd.Series([error]).str.contains(message).all(), error


def test_a_finished_run_is_shown_beside_its_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    experiment_run(tmp_path / "runs" / "imdb_width", "imdb_width", lambda config, _: 0.9 - config.units / 5_000)
    assert run(["reproduce", "imdb_width"]) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "LSTM on IMDB, wider (report 004)" in output
    assert "0.8334" in output
    assert "of 1 printed parameter counts our closed form gives 1 exactly" in output
    assert "holds one wide layer is worse (100 0.8800, 300 0.8400)" in output
    assert "kept in runs/imdb_width: reproduction.md, reproduction.csv" in output
    assert (tmp_path / "runs" / "imdb_width" / "reproduction.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seed", "3"], "was run with another seed 0, asked 3"),
        (["--fraction", "0.5"], "was run with another fraction 1.0, asked 0.5"),
        (["--set", "units=100"], "was run with another space; give the new run a --name"),
        (["--epochs", "2"], "was run with another epochs 5, asked 2"),
    ],
)
def test_a_run_that_was_asked_otherwise_is_not_gone_on_with(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    experiment_run(tmp_path / "runs" / "mine", "imdb_width", lambda *_: 0.8)
    assert run(["reproduce", "imdb_width", "--name", "mine", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.ray
@pytest.mark.usefixtures("on_shared_ray")
def test_an_experiment_runs_and_is_compared(questions):
    command = ["reproduce", "trec_grid", "--trials", "2", "--epochs", "1", "--set", "units=4", "--set", "embedding=2",
               "--data-dir", questions / "data"]  # fmt: skip
    result = run_here(questions, *command, runs_dir=questions / "runs", quick=True)
    assert result.returncode == 0, result.stderr
    kept = (questions / "runs" / "trec_grid" / "reproduction.md").read_text()
    assert "| the most accurate of our 2 trials | 1 |" in kept
    assert "Trials have at most 1 of the experiment's 100 epochs." in kept
    again = run_here(questions, *command, runs_dir=questions / "runs", quick=True)
    assert again.returncode == 0, again.stderr
    assert "is finished" in again.stdout


def test_the_printed_parameter_counts_follow_from_the_closed_form():
    found = {
        name: explained_counts(named_space(name), named_experiment(name), published_table(name))
        for name in published_tables()
        if name in named_spaces() and not named_space(name).continuous()
    }
    exact = {name: (sum(counts), len(counts)) for name, counts in found.items() if counts}
    assert exact == {
        "imdb_simple_rnn_state_size": (30, 35),  # the second run, of 15 epochs, had longer word vectors
        "imdb_lstm_state_size": (56, 56),
        "imdb_optimizers": (3, 3),
        "imdb_width": (1, 1),
        "imdb_bidirectional": (1, 2),  # the report's head reads one direction only
        "imdb_lstm_compound_scaling": (27, 27),
    }
