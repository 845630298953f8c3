"""``tuner scale``."""

import json
from pathlib import Path

import click

from analysis.columns import records
from analysis.compound_scaling import CompoundScaling, scale
from analysis.loading import Run, load
from analysis.sized_networks import SCALED, WITHIN
from tuner.cli.spelling import with_options
from tuner.cli.terminal import Terminal, plain_table, print_command
from tuner.errors import InputError


def scale_command(
    run: str,
    runs_dir: Path,
    *,
    to: int,
    train: bool,
    repeats: int,
    name: str | None,
    data: str | None,
    no_cache: bool,
    as_json: bool,
) -> int:
    """Prints the configurations that a run's frontier predicts, and trains and confirms them where that is asked for."""
    if repeats == 1:
        raise InputError("a single training has no interval; give 2 or more, or 0", option="repeats", value=repeats)
    for option, value in (("name", name), ("data", data)):
        if value is not None and not train:
            raise InputError("is for what is trained; add `train`, or leave it out", option=option, value=value)
    loaded = load(run, runs_dir=runs_dir)
    found = scale(loaded, to=to)
    if as_json and not train:
        click.echo(json.dumps(_document(loaded, found), allow_nan=False))
        return 0
    _print(Terminal(stderr=as_json), loaded, found)
    if not train:
        print_command(Terminal(), f"\nnext: python -m tuner scale {loaded.folder.reference} --to {to} --train")
        return 0
    # Ray is not needed for a table, which should not wait for it.
    from tuner.cli.confirm import confirm_command
    from tuner.cli.search import run_prepared
    from tuner.search.scaling import prepare_scaled

    prepared = prepare_scaled(loaded.settings, found.configs, runs_dir, name=name, data=data, no_cache=no_cache)
    ended = run_prepared(prepared, runs_dir, dry_run=False, as_json=as_json and not repeats, on_stderr=as_json)
    if ended or not repeats:
        return ended
    return confirm_command(
        prepared.settings.name, runs_dir, top=len(found.configs), by="metric", repeats=repeats, ensemble=False, data=data,
        no_cache=False, as_json=as_json,
    )  # fmt: skip


def _document(run: Run, found: CompoundScaling) -> dict[str, object]:
    rows = [
        row | {"config": config.model_dump()} for row, config in zip(records(found.table), found.configs, strict=True)
    ]
    return {
        "run": run.name,
        "cell": found.cell,
        "points": found.points,
        "exponents": {name: power.exponent for name, power in found.powers.items()},
        "configurations": rows,
        "left_out": list(found.left_out),
        "no_forecast": found.no_forecast and with_options(found.no_forecast),
    }


def _print(console: Terminal, run: Run, found: CompoundScaling) -> None:
    objective = run.objective
    known = found.table["low"].notna().tolist()
    forecast = [f"val {objective.metric.short}", "90 % interval"] if any(known) else []
    table = plain_table(("size", "parameters", *SCALED, *forecast), left=())
    for (_, row), is_forecast in zip(found.table.iterrows(), known, strict=True):
        cells = [f"{row[name]:,.0f}" for name in ("size", "parameters", *SCALED)]
        if forecast:
            interval = f"{row['low']:.4f} to {row['high']:.4f}"
            cells += [f"{row[objective.column]:.4f}", interval] if is_forecast else ["", ""]
        table.add_row(*cells)
    console.print(table)
    powers = ", ".join(f"{name} p^{power.exponent:.2f}" for name, power in found.powers.items())
    notes = [f"fitted to {found.points} {found.cell} networks of the frontier, of p parameters: {powers}"]
    notes += [
        f"no network of the space comes within {WITHIN:.0%} of {size:,} parameters: left out" for size in found.left_out
    ]
    if found.no_forecast is not None:
        notes.append(f"no forecast: {with_options(found.no_forecast)}")
    elif forecast:
        notes.append("forecasts are of the best of networks up to that size, where the search is of the same effort")
    for note in notes:
        console.print(note, style="dim")
