"""Runs every scheduler and searcher through the command line: the same small space, data, trials and epochs, three seeds.

    python tests/benchmarks/bench_variants.py --data airline.parquet --runs DIR

Prints, per variant, mean best validation accuracy, mean hypervolume, epochs trained and wall time of the whole command. A
run that was interrupted is resumed, and its wall time left out. Resuming is part of it: `resume` has to say of every run
that it is finished.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.frontier import hypervolume
from tuner.runs.folder import RunFolder

SPACE = ["--set", "cell=gru", "--set", "layers=1", "--set", "units=8,16,32", "--set", "embedding=8"]
MANY = [*SPACE, "--set", "vocabulary=1000,5000"]
POINTS = [*MANY, "--set", "dropout=0.1,0.3,0.5", "--set", "learning_rate=0.005"]
# A population exchanges weights, so that all of it is one network.
ONE_NETWORK = ["--set", "cell=gru", "--set", "layers=1", "--set", "units=16", "--set", "embedding=8"]
POPULATION = [*ONE_NETWORK, "--set", "vocabulary=5000", "--set", "pooling=max", "--set", "bidirectional=true"]
VARIANTS: dict[str, list[str]] = {
    "asha": [*MANY, "--scheduler", "asha"],
    "asha, promotion": [*MANY, "--scheduler", "asha", "--promotion"],
    "frontier": [*MANY, "--scheduler", "frontier"],
    "frontier, promotion": [*MANY, "--scheduler", "frontier", "--promotion"],
    "hyperband": [*MANY, "--scheduler", "hyperband"],
    "median": [*MANY, "--scheduler", "median"],
    "none": [*MANY, "--scheduler", "none"],
    "pbt, one network": [*POPULATION, "--scheduler", "pbt"],
    "grid": [*POINTS, "--searcher", "grid"],
    "optuna": [*MANY, "--searcher", "optuna"],
    "optuna, frontier": [*MANY, "--searcher", "optuna", "--objective", "frontier", "--scheduler", "frontier"],
    "bayesian": [*MANY, "--searcher", "bayesian"],
}


def tuner(arguments: list[str], log: Path) -> None:
    """A command of the program; ends the benchmark where it fails."""
    with log.open("a") as file:
        done = subprocess.run([sys.executable, "-m", "tuner", *arguments], stdout=file, stderr=file, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: exit {done.returncode}, see {log}")


def run(variant: str, seed: int, options: argparse.Namespace) -> RunFolder:
    """The finished run of a variant and seed, with its wall time beside it where it ran in one go."""
    name = f"{variant.replace(', ', '-').replace(' ', '-')}-{seed}"
    folder, log, times = RunFolder(options.runs / name), options.runs / f"{name}.log", options.runs / f"{name}.json"
    if folder.journal.exists():
        tuner(["resume", str(folder.path)], log)
        return folder
    command = ["search", "--data", str(options.data), "--name", name, "--runs-dir", str(options.runs)]
    command += ["--trials", str(options.trials), "--epochs", str(options.epochs), "--seed", str(seed)]
    started = time.perf_counter()
    tuner([*command, *VARIANTS[variant]], log)
    times.write_text(json.dumps(time.perf_counter() - started))
    tuner(["resume", str(folder.path)], log)
    if f"{name} is finished" not in log.read_text():
        raise SystemExit(f"{folder.path}: resume does not say that it is finished, see {log}")
    return folder


def main() -> None:
    """Prints a line a run and the table."""
    parser = argparse.ArgumentParser(description="Every scheduler and searcher on one data set.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[tuple[float, float, int, float | None]]] = {variant: [] for variant in VARIANTS}
    for seed in options.seeds:
        for variant, of_variant in rows.items():
            folder = run(variant, seed, options)
            trials = pd.read_parquet(folder.path / "trials.parquet")
            times = folder.path.with_suffix(".json")
            seconds = json.loads(times.read_text()) if times.exists() else None
            of_variant.append(
                (float(trials["val_accuracy"].max()), hypervolume(trials), int(trials["epochs"].sum()), seconds)
            )
            print(seed, variant, of_variant[-1], flush=True)
    table = Table("variant", "best accuracy", "hypervolume", "epochs", "wall (s)")
    for variant, values in rows.items():
        seconds = [value[3] for value in values if value[3] is not None]
        table.add_row(
            variant,
            f"{statistics.mean(value[0] for value in values):.4f}",
            f"{statistics.mean(value[1] for value in values):.4f}",
            f"{statistics.mean(value[2] for value in values):.0f}",
            f"{statistics.median(seconds):.0f}" if seconds else "",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
