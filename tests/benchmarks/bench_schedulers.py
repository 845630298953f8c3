"""Schedulers over recorded learning curves: how much of the exhaustive frontier they find, for how many epochs.

    python tests/benchmarks/bench_schedulers.py [--seeds 200] [--workers 4]
    python tests/benchmarks/bench_schedulers.py --speed

Every scheduler sees the same 162 trials in the same 200 random orders. The hypervolume is measured from an accuracy of 0
and ten million parameters, as everywhere in the toolkit, and from 0.5, the accuracy of a coin; both as shares of what
training every trial to its end finds. Epochs and operations are shares of the exhaustive search's. Population based
training is not here: it changes learning rates on the way, and such curves were not recorded.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
import numpy as np
from record_curves import TABLE, VARIED
from replay import Recording, Shuffled, read_recording, results, simulate
from rich.console import Console
from rich.table import Table

from analysis.frontier import Reference, hypervolume
from tuner.search.schedulers.halving import PromotionHalving, StoppingHalving, default_grace_period, rung_epochs
from tuner.search.schedulers.hyperband import Hyperband
from tuner.search.schedulers.median import MedianStopping
from tuner.search.schedulers.scheduler import RunToTheEnd, Scheduler
from tuner.search.schedulers.selection import most_accurate, nearest_the_frontier

REFERENCES = (Reference(), Reference(accuracy=0.5))


def schedulers(epochs: int, trials: int) -> dict[str, Callable[[], Scheduler]]:
    """What is compared, by name; in brackets rungs and reduction factor."""
    grace = default_grace_period(epochs)
    settings = (
        (rung_epochs(grace, 3, epochs), 3),
        (rung_epochs(1, 3, epochs), 3),
        (rung_epochs(1, 4, epochs), 4),
        ((1, 2, 4), 3),
        ((1, 2, 4), 4),
    )
    compared: dict[str, Callable[[], Scheduler]] = {"none": RunToTheEnd}
    for name, select in (("asha", most_accurate), ("frontier", nearest_the_frontier)):
        for variant, suffix in ((StoppingHalving, ""), (PromotionHalving, ", promotion")):
            for rungs, factor in settings:
                shown = f"{name} ({', '.join(map(str, rungs))}; {factor}){suffix}"
                compared[shown] = partial(variant, rungs, factor, select)
    compared["hyperband (3)"] = partial(Hyperband, trials=trials, max_epochs=epochs, reduction_factor=3)
    compared[f"median ({grace})"] = partial(MedianStopping, grace)
    return compared


@click.command()
@click.option("--seeds", default=200, show_default=True, help="Random orders.")
@click.option("--workers", default=4, show_default=True, help="Simulated workers.")
@click.option("--recording", type=click.Path(path_type=Path, exists=True), default=TABLE, help="Recorded curves.")
@click.option("--speed", is_flag=True, help="Only how many searches of 100 trials a minute can be simulated.")
def main(seeds: int, workers: int, recording: Path, speed: bool) -> None:
    """Prints the table."""
    recorded = read_recording(recording, varied=VARIED)
    if speed:
        _print_speed(recorded, workers)
    else:
        _print_comparison(recorded, seeds, workers)


def _print_comparison(recorded: Recording, seeds: int, workers: int) -> None:
    exhaustive = [hypervolume(recorded.best(), reference) for reference in REFERENCES]
    operations = sum(curve.cost for curve in recorded.curves) * recorded.plan.epochs
    table = Table("scheduler", "hypervolume", "above 0.5", "best accuracy", "epochs", "operations", "98 % in")
    trials = len(recorded.curves)
    for name, build in schedulers(recorded.plan.epochs, trials).items():
        rows = []
        for seed in range(seeds):
            search_state = simulate(recorded, Shuffled(recorded, seed), build(), trials=trials, workers=workers)
            found = results(search_state)
            shares = [
                hypervolume(found, reference) / whole for reference, whole in zip(REFERENCES, exhaustive, strict=True)
            ]
            epochs = sum(record.last_epoch for record in search_state.trials.values()) / (trials * recorded.plan.epochs)
            spent = sum(record.seconds for record in search_state.trials.values()) / operations
            rows.append([*shares, found["val_accuracy"].max(), epochs, spent])
        columns = list(np.array(rows).T)
        shown = [_interval(column, digits) for column, digits in zip(columns, (2, 2, 2, 1, 1), strict=True)]
        table.add_row(name, *shown, f"{np.mean(columns[0] >= 0.98):.0%} of the orders")
    console = Console(width=190)
    console.print(
        f"{trials} trials x {recorded.plan.epochs} epochs, {workers} workers, {seeds} orders: mean [2.5 %, 97.5 %], in %"
    )
    console.print(table)


def _interval(column: np.ndarray, digits: int) -> str:
    low, high = np.percentile(column, [2.5, 97.5]) * 100
    return f"{column.mean() * 100:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _print_speed(recorded: Recording, workers: int) -> None:
    table = Table("scheduler", "searches a minute")
    for name, build in schedulers(recorded.plan.epochs, 100).items():
        started = time.process_time()
        for seed in range(20):
            simulate(recorded, Shuffled(recorded, seed), build(), trials=100, workers=workers)
        table.add_row(name, f"{20 * 60 / (time.process_time() - started):,.0f}")
    console = Console(width=190)
    console.print(f"100 trials x {recorded.plan.epochs} epochs, {workers} workers; seconds of one processor")
    console.print(table)


if __name__ == "__main__":
    main()
