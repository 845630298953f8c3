"""What searches take, by what was forecast of them: whole commands, one after the other, on a machine with nothing else to do.

    python tests/benchmarks/bench_time_forecast.py [--data FILE ...] [--trials 12] [--epochs 8]

Each data set, and the generated corpus, is searched with the defaults; forecast and time are those that the report shows
(``analysis.wall_time``). The ratios are what the interval of the forecast comes from (``tuner.search.forecast``).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import click

from analysis import load, wall_time


@click.command()
@click.option("--data", "sources", multiple=True, help="A data set, as search reads it.")
@click.option("--trials", default=12, show_default=True)
@click.option("--epochs", default=8, show_default=True)
def main(sources: tuple[str, ...], trials: int, epochs: int) -> None:
    """Prints a row per data set."""
    print("| data | forecast (s) | from | to | took (s) | took / forecast |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for source in (None, *sources):
        data = [] if source is None else ["--data", str(Path(source).absolute())]
        with tempfile.TemporaryDirectory() as folder:
            asked = ["--name", "timed", "--trials", str(trials), "--epochs", str(epochs), "--runs-dir", folder]
            command = [sys.executable, "-m", "tuner", "search", *data, *asked]
            subprocess.run(command, check=True, capture_output=True)
            found = wall_time(load(Path(folder) / "timed"))
        if found.expected is None:
            raise SystemExit("the search has no forecast")
        low, middle, high = found.expected
        name = "corpus" if source is None else Path(source).stem
        numbers = f"{middle:.0f} | {low:.0f} | {high:.0f} | {found.seconds:.0f} | {found.seconds / middle:.2f}"
        print(f"| {name} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
