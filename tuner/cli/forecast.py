"""``tuner forecast``."""

import json
from pathlib import Path

import click
import pandas as pd

from analysis.columns import records
from analysis.forecast import forecast
from analysis.loading import load_many
from tuner.cli.terminal import Terminal, plain_table


def forecast_command(
    runs: tuple[str, ...], runs_dir: Path, *, params: int | None, epochs: int | None, texts: int | None, as_json: bool
) -> int:
    """Prints what a run has, and what is forecast for each change and for all of them."""
    loaded = load_many(runs, runs_dir=runs_dir)
    found = forecast(*loaded, params=params, epochs=epochs, texts=texts)
    if as_json:
        click.echo(json.dumps({"runs": [run.name for run in loaded], "forecasts": records(found)}, allow_nan=False))
        return 0
    objective, console = loaded[0].objective, Terminal()
    names = ("", "parameters", "epochs", "texts", f"val {objective.metric.short}", "90 % interval")
    table = plain_table(names, left=("",))
    for _, row in found.iterrows():
        interval = "" if pd.isna(row["low"]) else f"{row['low']:.4f} to {row['high']:.4f}"
        sizes = (f"{row[name]:,}" for name in ("parameters", "epochs", "texts"))
        table.add_row(row["what"], *sizes, f"{row[objective.column]:.4f}", interval)
    console.print(table)
    console.print(
        f"the best of networks up to so many parameters, on validation texts, where the search is of the same effort; "
        f"extrapolated from {len(loaded[0].trials)} trials",
        style="dim",
    )
    return 0
