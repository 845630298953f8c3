"""How often the 90 % intervals of ``tuner forecast`` hold what came, over recorded curves of nine data sets.

    python tests/benchmarks/bench_forecast.py [--write]

A case is a search that knows little of what was recorded: of all recorded configurations of a data set, or of 20 that
are drawn, the smaller ones alone (up to half, three quarters or all of them), after 2, 3, 4 or 8 epochs, as they are or
stopped early as ASHA does. It forecasts up to 10 times the parameters and 4 times the epochs, as far as these were
recorded; the truth is the best of the configurations within both. Of texts, the networks of ``record_texts.py`` on few
texts forecast up to 4 times as many. The two factors of the intervals are quantiles over the other data sets, each set
counting alike, at the level at which 90 % of all cases hold when each set is left out in turn. ``--write`` writes those
of all sets to ``analysis/forecast.yaml``.
"""

import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
import numpy as np
import pandas as pd
from record_frontier import TABLE
from record_texts import TABLE as TEXTS_TABLE
from rich.console import Console
from rich.table import Table

from analysis.forecast import FACTORS, MOST_TIMES, Curves, Forecaster
from tuner.runs.atomic import write_text_atomically

METRICS = {"val_accuracy": 1.0, "val_macro_f1": 1.0, "val_log_loss": 0.0}
"""Columns, with their best value."""
DRAWS, A_DRAW = 2, 20
SIDES = ("worse", "better")


def recorded(table: pd.DataFrame, metric: str, keys: list[str]) -> pd.DataFrame:
    """What the best epoch so far lacks to the best value, a row per trial and a column per epoch."""
    errors = (table.set_index([*keys, "epoch"])[metric] - METRICS[metric]).abs().unstack("epoch")
    return errors.cummin(axis=1).ffill(axis=1).dropna()


def stopped(errors: np.ndarray, after: int = 2) -> np.ndarray:
    """The curves where one in three goes on after so many epochs; the others keep what they had."""
    if errors.shape[1] <= after:
        return errors
    found = errors.copy()
    worse = np.argsort(np.argsort(errors[:, after - 1])) >= max(1, len(errors) // 3)
    found[worse, after:] = errors[worse, after - 1 : after]
    return found


def cases_of_curves(table: pd.DataFrame, metric: str) -> Iterator[dict[str, object]]:
    """Larger networks and longer training."""
    for name, own in table.groupby("data"):
        errors = recorded(own, metric, ["index"])
        sizes = own.groupby("index")["parameters"].first().loc[errors.index].to_numpy(dtype=float)
        whole = Curves(sizes, errors.to_numpy())
        for draw in range(1 + DRAWS):
            rows = np.random.default_rng(draw).permutation(len(sizes))[: len(sizes) if draw == 0 else A_DRAW]
            world = Curves(whole.sizes[rows], whole.errors[rows])
            for share in (0.5, 0.75, 1.0):
                small = world.sizes <= np.quantile(world.sizes, share)
                for epochs in (2, 3, 4, 8):
                    for early in (False, True):
                        seen = world.errors[small, :epochs]
                        now = Curves(world.sizes[small], stopped(seen) if early else seen)
                        if early and epochs <= 2:
                            continue
                        yield from _judged(str(name), metric, now, world)


def _judged(name: str, metric: str, now: Curves, world: Curves) -> Iterator[dict[str, object]]:
    forecaster = Forecaster([now], [1])
    for times in (1, 2, 5, MOST_TIMES["params"]):
        for epochs in (now.epochs, 2 * now.epochs, MOST_TIMES["epochs"] * now.epochs):
            size = times * now.largest
            beyond = (world.sizes > now.largest) & (world.sizes <= size)
            if epochs > world.epochs or (not beyond.any() if times > 1 else epochs == now.epochs):
                continue
            step = {"params": size, "epochs": epochs}
            kind = "both" if times > 1 and epochs > now.epochs else "parameters" if times > 1 else "epochs"
            yield {
                "data": name, "metric": metric, "kind": kind, "far": times * epochs / now.epochs, "now": now.best,
                "truth": world.within(size, epochs), "median": forecaster.median(**step),
                "distance": forecaster.distance(**step),
            }  # fmt: skip


def cases_of_texts(table: pd.DataFrame, metric: str) -> Iterator[dict[str, object]]:
    """More texts: all pairs and triples of numbers of texts, the last of them up to a quarter of what is asked."""
    for name, own in table.groupby("data"):
        errors = recorded(own, metric, ["texts", "index"])
        sizes = own.groupby("index")["parameters"].max()
        curves = {
            texts: Curves(sizes.loc[one.index.get_level_values("index")].to_numpy(dtype=float), one.to_numpy())
            for texts, one in errors.groupby("texts")
        }
        counts = sorted(curves)
        for length in (2, 3):
            for known in combinations(counts, length):
                now = curves[known[-1]]
                forecaster = Forecaster([curves[count] for count in known], known)
                for texts in counts:
                    if not known[-1] < texts <= MOST_TIMES["texts"] * known[-1]:
                        continue
                    yield {
                        "data": name, "metric": metric, "kind": "texts", "far": texts / known[-1], "now": now.best,
                        "truth": curves[texts].best, "median": forecaster.median(texts=texts),
                        "distance": forecaster.distance(texts=texts),
                    }  # fmt: skip


def factors(cases: pd.DataFrame, level: float) -> dict[str, float]:
    """Of both sides: quantiles of the misses in units of error times distance, every data set counting alike."""
    misses = (cases["truth"] - cases["median"]) / (cases["now"] * cases["distance"])
    weights = 1 / cases.groupby("data")["data"].transform("size")
    return {side: _quantile(sign * misses, weights, level) for side, sign in zip(SIDES, (1, -1), strict=True)}


def _quantile(values: pd.Series, weights: pd.Series, level: float) -> float:
    order = values.argsort().to_numpy()
    shares = weights.to_numpy()[order].cumsum() / weights.sum()
    return float(max(values.to_numpy()[order][np.searchsorted(shares, level)], 0.0))


def bounds(cases: pd.DataFrame, known: dict[str, float]) -> tuple[pd.Series, pd.Series]:
    """The ends of the intervals, as ``Forecaster.expected`` has them."""
    reach = cases["now"] * cases["distance"]
    low = (cases["median"] - known["better"] * reach).clip(lower=0.0)
    return low, (cases["median"] + known["worse"] * reach).clip(upper=cases["now"])


def left_out(cases: pd.DataFrame, level: float) -> pd.DataFrame:
    """The cases with ``held`` and ``width``, by the factors of the other data sets."""
    parts = []
    for name in cases["data"].unique():
        own = cases[cases["data"] == name]
        low, high = bounds(own, factors(cases[cases["data"] != name], level))
        held = (own["truth"] >= low - 1e-9) & (own["truth"] <= high + 1e-9)
        parts.append(own.assign(held=held, width=high - low))
    return pd.concat(parts)


def level_of(cases: pd.DataFrame) -> float:
    """The least level at which 90 % of the cases hold, each data set left out in turn."""
    levels = np.arange(0.85, 0.9976, 0.0025)
    return float(next((level for level in levels if left_out(cases, level)["held"].mean() >= 0.9), levels[-1]))


def nested(cases: pd.DataFrame) -> pd.DataFrame:
    """The cases with ``held`` and ``width``, where the level, too, is chosen without the data set that is judged."""
    parts = []
    for name in cases["data"].unique():
        own, others = cases[cases["data"] == name], cases[cases["data"] != name]
        low, high = bounds(own, factors(others, level_of(others)))
        held = (own["truth"] >= low - 1e-9) & (own["truth"] <= high + 1e-9)
        parts.append(own.assign(held=held, width=high - low))
    return pd.concat(parts)


def shown(cases: pd.DataFrame, by: str) -> Table:
    """A row per group: how many, how often the interval held, how wide it is and how far the middle is off, in points."""
    table = Table(by, "cases", "held", "mean width", "mean miss", "miss of no gain", box=None)
    for name, own in [*cases.groupby(by), ("all", cases)]:
        figures = (own["width"], (own["truth"] - own["median"]).abs(), (own["truth"] - own["now"]).abs())
        table.add_row(
            str(name),
            f"{len(own):,}",
            f"{own['held'].mean():.1%}",
            *(f"{100 * figure.mean():.1f}" for figure in figures),
        )
    return table


@click.command()
@click.option("--write", is_flag=True, help="Write the factors of all data sets.")
def main(write: bool) -> None:
    """Prints tables by data set, kind and metric."""
    curves, texts = pd.read_parquet(TABLE), pd.read_parquet(TEXTS_TABLE)
    found = pd.concat(
        [pd.DataFrame([*cases_of_curves(curves, metric), *cases_of_texts(texts, metric)]) for metric in METRICS],
        ignore_index=True,
    )
    found = found[found["now"] > 0]
    judged = found[found["metric"] == "val_accuracy"]
    level = level_of(judged)
    console = Console(width=120)
    console.print(f"level {level:.4f}")
    for by in ("data", "kind", "far"):
        console.print(shown(left_out(judged, level), by))
    console.print("the level, too, chosen without the data set that is judged")
    for by in ("data", "kind"):
        console.print(shown(nested(judged), by))
    for metric in list(METRICS)[1:]:
        own = found[found["metric"] == metric]
        low, high = bounds(own, factors(judged, level))
        console.print(metric, "by the factors of accuracy")
        console.print(
            shown(
                own.assign(held=(own["truth"] >= low - 1e-9) & (own["truth"] <= high + 1e-9), width=high - low), "kind"
            )
        )
    known = factors(judged, level)
    console.print(known)
    if write:
        comment = "# Made by python tests/benchmarks/bench_forecast.py --write\n"
        lines = "".join(f"{name}: {value:.3f}\n" for name, value in known.items())
        write_text_atomically(FACTORS, comment + lines)


if __name__ == "__main__":
    main()
