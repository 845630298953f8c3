"""The default search against random search, over recorded curves of nine data sets, always without the one that is judged.

    python tests/benchmarks/bench_portfolio.py [--seeds 200] [--trials 12 --trials 40]

For each data set, portfolio and searcher are made of the other sets alone. A forest fitted to the set's own recorded curves
answers for every configuration of the space (a surrogate benchmark: Eggensperger et al. 2015), so that random search can draw
what was never trained. Two workers; simulated time is that of the recorded trials' processor seconds. Figures are means over
the seeds, as shares of the hypervolume of 3,000 configurations drawn from the space together with the recorded ones.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
import numpy as np
import pandas as pd
from make_portfolio import configuration, greedy, recorded_curves, values
from record_frontier import EPOCHS, TABLE, VARIED
from replay import Curve, simulate
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import ExtraTreesRegressor

from search_spaces.config import TrialConfig
from search_spaces.named import named_space
from tuner.runs.search_state import SearchState
from tuner.search.plan import Plan
from tuner.search.schedulers.forecast import ForecastStopping
from tuner.search.schedulers.halving import StoppingHalving, default_grace_period, rung_epochs
from tuner.search.schedulers.scheduler import RunToTheEnd, Scheduler
from tuner.search.schedulers.selection import Selection, most_accurate, nearest_the_frontier
from tuner.search.searchers.frontier_search import FrontierSearcher, RecordedCurves, hypervolume_gains
from tuner.search.searchers.random_search import RandomSearcher
from tuner.search.searchers.searcher import PointsFirst, Searcher
from tuner.search.warm_start import FIRST_OF_PORTFOLIO, PORTFOLIO_TRIALS

SPACE = named_space("frontier")
MANY = 10**6  # the vocabulary is as large as the configuration asks for


@dataclass(frozen=True)
class Surrogate:
    """What a data set answers for any configuration."""

    plan: Plan
    floor: float
    constant: float
    accuracies: ExtraTreesRegressor
    seconds: ExtraTreesRegressor

    def curve(self, config: TrialConfig) -> Curve:
        """The forecast curve of one trial."""
        return self.curves([config])[0]

    def curves(self, configs: list[TrialConfig]) -> list[Curve]:
        """Those of many."""
        sizes = [self.plan.count(config).total for config in configs]
        asked = features(configs, sizes)
        found = self.accuracies.predict(asked)
        costs = np.exp(self.seconds.predict(asked))
        return [
            Curve(config, size, tuple(np.clip(curve, 0, 1).tolist()), float(cost))
            for config, size, curve, cost in zip(configs, sizes, found, costs, strict=True)
        ]


def features(configs: list[TrialConfig], sizes: list[int]) -> np.ndarray:
    """Numbers of each configuration, sizes in logarithms."""
    rows = pd.DataFrame([config.model_dump() for config in configs])[list(VARIED)]
    rows["cell"], rows["pooling"] = rows["cell"].eq("lstm"), rows["pooling"].eq("mean")
    for name in ("units", "embedding", "vocabulary", "learning_rate"):
        rows[name] = np.log(rows[name])
    return np.column_stack([rows.to_numpy(dtype=float), np.log(sizes)])


def surrogate(table: pd.DataFrame, name: str) -> Surrogate:
    """The forests of a data set: accuracy after each epoch, and the seconds of one."""
    own = table[table["data"] == name]
    curves = own.pivot(index="index", columns="epoch", values="val_accuracy").ffill(axis=1).fillna(0.0)
    configs = [configuration(table, index) for index in curves.index]
    plan = Plan(trials=0, epochs=EPOCHS, vocabulary_size=MANY, classes=2, max_params=None)
    x = features(configs, [plan.count(config).total for config in configs])
    seconds = own.groupby("index")["processor_seconds"].sum().loc[curves.index] / EPOCHS
    fit = partial(ExtraTreesRegressor, 100, min_samples_leaf=1, max_features=0.7, random_state=0)
    floor, constant = float(curves[EPOCHS].min()), float(own["val_accuracy"].min())
    return Surrogate(plan, floor, constant, fit().fit(x, curves), fit().fit(x, np.log(seconds)))


@dataclass(frozen=True)
class Elsewhere:
    """What a search begins with, made of the data sets that are not judged.

    Attributes:
        portfolio: its configurations.
        recorded: what the searcher knows.
    """

    portfolio: list[TrialConfig]
    recorded: RecordedCurves

    @classmethod
    def than(cls, name: str, table: pd.DataFrame) -> "Elsewhere":
        """Of all sets but this one."""
        others = table[table["data"] != name]
        judged = values(others)
        chosen = greedy(judged[judged["epoch"] == EPOCHS], length=PORTFOLIO_TRIALS)
        return cls([configuration(table, i) for i in chosen], RecordedCurves.of(recorded_curves(judged, others)))

    def before(self, searcher: Searcher) -> Searcher:
        """A searcher as a search has it: the portfolio first."""
        return PointsFirst(self.portfolio, searcher, by_turns=max(0, len(self.portfolio) - FIRST_OF_PORTFOLIO))


def recorded_everywhere() -> pd.DataFrame:
    """The recorded curves of the configurations that all data sets have."""
    table = pd.read_parquet(TABLE)
    found = table.groupby("index")["data"].nunique()
    return table[table["index"].isin(found[found == table["data"].nunique()].index)]


def hypervolume(points: list[tuple[float, float]], floor: float) -> float:
    """The area above the worst recorded trial, in accuracy times decades of parameters."""
    total, front = 0.0, list[tuple[float, float]]()
    for size, value in sorted(points, key=lambda point: -point[1]):
        total += float(hypervolume_gains(np.array([float(size)]), np.array([[value - floor]]), front)[0, 0])
        front.append((size, value - floor))
    return total


def _halving(select: Selection) -> Scheduler:
    return StoppingHalving(rung_epochs(default_grace_period(EPOCHS), 3, EPOCHS), 3, select)


SCHEDULERS: dict[str, Callable[[float], Scheduler]] = {
    "forecast": lambda constant: ForecastStopping(default_grace_period(EPOCHS), EPOCHS, 1 - constant),
    "asha": lambda _: _halving(most_accurate),
    "frontier": lambda _: _halving(nearest_the_frontier),
    "none": lambda _: RunToTheEnd(),
}
"""With the rungs and the grace period of the default search."""


def trace(state: SearchState, floor: float, counts: tuple[int, ...]) -> list[tuple[float, float]]:
    """Hypervolume and seconds of the first so many trials."""
    records = list(state.trials.values())
    found = []
    for count in counts:
        first = [record for record in records[:count] if record.score is not None]
        found.append((hypervolume([(r.size, r.score) for r in first], floor), sum(r.seconds for r in first)))
    return found


@click.command()
@click.option("--seeds", default=20, show_default=True)
@click.option("--trials", "counts", multiple=True, type=int, default=(12, 24, 40), show_default=True)
@click.option(
    "--scheduler", "chosen", type=click.Choice(list(SCHEDULERS)), default="forecast", show_default=True, help="Of ours."
)
@click.option("--data", "wanted", multiple=True, help="Only these sets.")
def main(seeds: int, counts: tuple[int, ...], chosen: str, wanted: tuple[str, ...]) -> None:
    """Prints a row per data set."""
    table = recorded_everywhere()
    console = Console(width=180)
    columns = [f"{count} trials" for count in counts]
    shown = Table(
        "data",
        *columns,
        "portfolio, then random: last",
        "100 random",
        *(f"seconds of {c} / 100 random" for c in counts),
    )
    for name in wanted or sorted(table["data"].unique()):
        answers = surrogate(table, name)
        known = Elsewhere.than(name, table)
        generator = np.random.default_rng(0)
        whole = answers.curves([SPACE.sample(generator) for _ in range(3000)])
        whole += answers.curves([configuration(table, i) for i in sorted(table["index"].unique())])
        exhaustive = hypervolume([(curve.parameters, max(curve.accuracies)) for curve in whole], answers.floor)
        rows = []
        for seed in range(seeds):
            fits = answers.plan.fits
            searchers: dict[str, Searcher] = {
                "ours": known.before(
                    FrontierSearcher(SPACE, seed=seed, fits=fits, plan=answers.plan, recorded=known.recorded)
                ),
                "portfolio": known.before(RandomSearcher(SPACE, seed=seed, fits=fits)),
                "random": RandomSearcher(SPACE, seed=seed, fits=fits),
            }
            ours, blind, rival = (
                trace(
                    simulate(
                        answers, searchers[which], SCHEDULERS[stopping](answers.constant), trials=trials, workers=2
                    ),
                    answers.floor,
                    numbers,
                )
                for which, stopping, trials, numbers in (
                    ("ours", chosen, max(counts), counts),
                    ("portfolio", chosen, max(counts), counts),
                    ("random", "asha", 100, (100,)),
                )
            )
            rows.append([*(a for a, _ in ours), blind[-1][0], rival[0][0], *(s / rival[0][1] for _, s in ours)])
        means = np.mean(rows, axis=0)
        shares = means[: len(counts) + 2] / exhaustive
        shown.add_row(name, *(f"{share:.2%}" for share in shares), *(f"{x:.2f}" for x in means[len(counts) + 2 :]))
    console.print(shown)


if __name__ == "__main__":
    main()
