"""Makes the portfolio, and the curves that the searcher ``frontier`` begins with, from what ``record_frontier.py`` recorded.

    python tests/benchmarks/make_portfolio.py

Writes ``search_spaces/portfolio.yaml`` and ``tuner/search/searchers/recorded_curves.csv``.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from record_frontier import EPOCHS, TABLE, VARIED

from search_spaces.config import TrialConfig
from search_spaces.portfolio import FILE
from tuner.search.searchers.frontier_search import RECORDED, hypervolume_gains

LENGTH = 24
SHARES = (1, 2, 4, 8)
"""Epochs of the recorded curves."""
SMALLEST = 500
"""Parameters that a smaller network counts as: without it half of the first twelve had fewer, of which a search wants a few."""
COMMON = {"vocabulary_order": "informative", "bidirectional": True, "weight_average": 0.998}


def values(table: pd.DataFrame) -> pd.DataFrame:
    """The best value so far of each trial: beyond the worst final one of its data set, as a share of the best's.

    Returns:
        ``data``, ``index``, ``epoch``, ``parameters`` and ``value``, a row per recorded epoch; of a trial that diverged its
        last value is repeated.
    """
    whole = table.pivot(index=["data", "index"], columns="epoch", values="val_accuracy")
    best = whole.cummax(axis=1).ffill(axis=1).fillna(0.0)
    best = best.sub(best[EPOCHS].groupby("data").transform("min"), axis=0).clip(lower=0.0)
    best = best.div(best[EPOCHS].groupby("data").transform("max"), axis=0)
    sizes = table.groupby(["data", "index"])["parameters"].first()
    return best.stack().rename("value").reset_index().merge(sizes.reset_index())


def greedy(judged: pd.DataFrame, *, length: int = LENGTH) -> list[int]:
    """Indices of configurations: each next adds most to the hypervolume, in the mean over the data sets.

    Args:
        judged: ``values`` of the last epoch.
    """
    judged = judged.assign(parameters=judged["parameters"].clip(lower=SMALLEST))
    sets = {name: one.set_index("index") for name, one in judged.groupby("data")}
    chosen: list[int] = []
    left = sorted(set.intersection(*(set(one.index) for one in sets.values())))
    while left and len(chosen) < length:
        gains = np.zeros(len(left))
        for one in sets.values():
            points = list(zip(one.loc[chosen, "parameters"], one.loc[chosen, "value"], strict=True))
            there = one.loc[left]
            sizes, reached = there["parameters"].to_numpy(dtype=float), there["value"].to_numpy(dtype=float)
            gains += hypervolume_gains(sizes, reached[None], points)[0]
        if gains.max() <= 0:
            break
        chosen.append(left.pop(int(gains.argmax())))
    return chosen


def configuration(table: pd.DataFrame, index: int) -> TrialConfig:
    """What was trained under an index."""
    row = table[table["index"] == index].iloc[0]
    return TrialConfig.model_validate({name: row[name] for name in VARIED} | COMMON)


def recorded_curves(judged: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """A row per configuration: its hyperparameters, and its mean value over the data sets after shares of its epochs."""
    means = judged[judged["epoch"].isin(SHARES)].pivot_table(index="index", columns="epoch", values="value")
    means.columns = [f"after_{epoch / EPOCHS:g}" for epoch in means.columns]
    known = pd.DataFrame([configuration(table, index).model_dump() for index in means.index], index=means.index)
    varied = [name for name in known if known[name].nunique() > 1 or name in COMMON]
    return known[varied].join(means.round(4))


def main() -> None:
    """Writes both files."""
    table = pd.read_parquet(TABLE)
    judged = values(table)
    entries = []
    for index in greedy(judged[judged["epoch"] == EPOCHS]):
        config = configuration(table, index).model_dump()
        entry = {name: config[name] for name in (*VARIED, *COMMON)}
        entries.append(entry | {name: float(f"{entry[name]:.3g}") for name in ("dropout", "learning_rate")})
    Path(FILE).write_text(
        yaml.safe_dump(entries, sort_keys=False, default_flow_style=None, width=200), encoding="utf-8"
    )
    recorded_curves(judged, table).to_csv(RECORDED, index=False)


if __name__ == "__main__":
    main()
