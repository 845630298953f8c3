"""Records the learning curves that ``bench_schedulers.py`` replays: an exhaustive search, every trial to its end.

    python tests/benchmarks/record_curves.py --data imdb.parquet [--work DIR]

The 27 points of the compound-scaling space (depth x width x embedding) times LSTM and GRU times three learning rates: 162
trials of 5 epochs on 6,000 reviews drawn from IMDB's training set with seed 0, of which the search keeps a fifth for
validation; 64 tokens of a review are read. It takes an hour and a half on two idle cores. Goes on where it stopped.
"""

from pathlib import Path

import click
import pandas as pd
import yaml

from tuner.runs.folder import RunFolder
from tuner.runs.journal import read_journal
from tuner.runs.search_state import SearchState
from tuner.runs.settings import read_settings

TABLE = Path(__file__).parent / "recorded" / "imdb_compound_scaling.csv"
VARIED = ("cell", "layers", "units", "embedding", "learning_rate")
EPOCHS = 5

SPACE = {
    "name": "imdb_compound_table",
    "description": "The 27 compound-scaling points, LSTM and GRU, three learning rates.",
    "parameters": {
        "cell": {"choice": ["lstm", "gru"]},
        "layers": {"choice": [1, 2, 3]},
        "units": {"choice": [100, 200, 300]},
        "embedding": {"choice": [32, 64, 128]},
        "vocabulary": 37996,
        "bidirectional": False,
        "pooling": "last",
        "dropout": 0.5,
        "optimizer": "rmsprop",
        "learning_rate": {"choice": [0.001, 0.003, 0.01]},
        "gradient_clip_norm": 0.0,
    },
}


@click.command()
@click.option("--data", "imdb", type=click.Path(path_type=Path, exists=True), required=True, help="IMDB as Parquet.")
@click.option(
    "--work", type=click.Path(path_type=Path), default=Path("runs"), help="Where slice, space and run are kept."
)
def main(imdb: Path, work: Path) -> None:
    """Runs the search, or what is left of it, and writes the table."""
    from tuner.cli.main import main as tuner

    work.mkdir(parents=True, exist_ok=True)
    folder = RunFolder(work / "imdb_compound_table")
    if folder.journal.exists():
        tuner(["resume", str(folder.path)])
    else:
        reviews = pd.read_parquet(imdb)
        sliced = reviews[reviews["split"] == "train"].sample(6_000, random_state=0)[["text", "label"]]
        sliced.to_parquet(work / "imdb6000.parquet", index=False)
        (work / "imdb_compound_table.yaml").write_text(yaml.safe_dump(SPACE, sort_keys=False), encoding="utf-8")
        tuner(
            ["search", "--data", str(work / "imdb6000.parquet"), "--space", str(work / "imdb_compound_table.yaml"),
             "--searcher", "grid", "--scheduler", "none", "--epochs", str(EPOCHS), "--max-length", "64",
             "--runs-dir", str(work), "--name", folder.name]
        )  # fmt: skip
    write_table(folder)


def write_table(folder: RunFolder) -> None:
    """One row per trial: what was varied, its parameters, and validation accuracy by epoch; empty from where it diverged."""
    vocabulary = read_settings(folder.settings).data.vocabulary_size
    rows = []
    for record in SearchState(read_journal(folder.journal)).trials.values():
        accuracies = [event.metrics.get("accuracy") for event in record.epochs] + [None] * (EPOCHS - len(record.epochs))
        rows.append(
            {name: record.config[name] for name in VARIED}
            | {"vocabulary_size": vocabulary, "parameters": record.parameters}
            | {f"epoch_{number}": accuracy for number, accuracy in enumerate(accuracies, start=1)}
        )
    pd.DataFrame(rows).to_csv(TABLE, index=False, float_format="%.6f")


if __name__ == "__main__":
    main()
