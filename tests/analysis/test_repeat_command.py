"""The command of a report that repeats its search asks for the same search, whatever was asked for."""

import gzip
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis.report.facts import repeat_command, space_yaml
from tuner.cli.main import run
from tuner.errors import InputError
from tuner.runs.folder import RunFolder

ROWS = "".join(
    f"text number {i} is {'fine' if i % 2 else 'poor'},{'Yes' if i % 2 else 'no'},x{i % 3}\n" for i in range(60)
)

NETWORK = ("cell=gru", "layers=1", "units=8", "embedding=8", "vocabulary=500", "pooling=max")
ASKED = {
    "nothing": "",
    "a column": "--text-column text --label-column topic",
    "columns": "--text-column topic --text-column text",
    "texts that lie apart": "--validation-data more.csv --test-data more.csv.gz",
    "a space": "--space compound_scaling --max-params 50000",
    "a share": "--fraction 0.75",
    "stability": "--stop-when-stable --trials 50",
    "values": "--set cell=gru --set units=8,16 --set learning_rate=0.01 --set dropout=0 --searcher grid --trials 4",
    "rungs": "--rungs 1,3 --scheduler frontier --promotion --patience 2",
    "grace": "--grace-period 2 --reduction-factor 4 --epochs 20",
    "hyperband": "--scheduler hyperband",
    "population": "--scheduler pbt --perturbation-interval 2 " + " ".join(f"--set {pair}" for pair in NETWORK),
    "median": "--scheduler median --grace-period 3",
    "none": "--scheduler none",
    "optuna": "--searcher optuna --objective frontier",
    "optuna for the metric": "--searcher optuna --objective metric --scheduler frontier",
    "bayesian": "--searcher bayesian",
    "seeds": "--seeds-per-config 2 --trials 4 --seed 7",
    "folds": "--folds 3 --trials 4 --seed 7",
    "time": "--time-budget 90m --epoch-timeout 10m",
    "texts": "--max-length 5 --truncate both --min-freq 1 --max-tokens 20 --stop-words",
    "labels": "--fold-labels --min-class-count 2 --drop-rare",
    "a metric": "--metric macro_f1",
    "a metric of a class": "--metric f1:no",
    "a loss": "--metric log_loss",
    "no rivals": "--no-rivals",
    "vectors": "--vectors glove.txt --set vectors=frozen --set embedding=2",
    "elsewhere": "--runs-dir 'my runs'",
}


@pytest.fixture
def settings_of(tmp_path, monkeypatch):
    """The settings of the search that a command line asks for; it does not start."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FRONTIER_TUNER_RUNS", raising=False)
    (tmp_path / "my data.csv").write_text("text,label,topic\n" + ROWS)
    (tmp_path / "more.csv").write_text("text,label,topic\n" + ROWS.replace("text", "more"))
    (tmp_path / "more.csv.gz").write_bytes(
        gzip.compress(("text,label,topic\n" + ROWS.replace("text", "most")).encode())
    )
    (tmp_path / "glove.txt").write_text("fine 1.0 0.5\npoor -1.0 0.25\n")
    prepared = []

    def start(search, *_, **__):
        prepared.append(search.settings)
        raise InputError("not started")

    monkeypatch.setattr("tuner.operations.searches.start_search", start)

    def settings(words):
        assert run(words) == 2
        return prepared.pop()

    return settings


@pytest.mark.parametrize("asked", ASKED)
def test_the_same_search_is_asked_for(asked, settings_of, tmp_path):
    words = ["search", "--data", "my data.csv", *shlex.split(ASKED[asked])]
    settings = settings_of(words)
    place = Path("my runs" if asked == "elsewhere" else "runs") / settings.name
    report = SimpleNamespace(settings=settings, folder=RunFolder(place))
    (tmp_path / "space.yaml").write_text(space_yaml(report))
    command = shlex.split(repeat_command(report))
    assert command[:3] == ["python", "-m", "tuner"]
    assert ("--runs-dir" in command) == (asked == "elsewhere")
    again = settings_of(command[3:])
    own = {"name", "created"}
    assert again.model_dump(exclude=own) == settings.model_dump(exclude=own)


def test_a_published_experiment_is_run_again_where_its_data_lie(settings_of):
    settings = settings_of(["search", "--data", "my data.csv", "--epochs", "3", "--trials", "2"])
    data = settings.data.model_copy(update={"source": "imdb", "data_dir": "/my data", "fraction": 0.5})
    experiment = settings.model_copy(update={"data": data, "space": {**settings.space, "name": "imdb_optimizers"}})
    report = SimpleNamespace(settings=experiment, folder=RunFolder(Path("other/mine")))
    assert repeat_command(report) == (
        "python -m tuner reproduce imdb_optimizers --fraction 0.5 --epochs 3 --trials 2 --scheduler forecast "
        "--data-dir '/my data' --seed 0 --runs-dir other"
    )
