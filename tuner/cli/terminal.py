"""What commands print on: the console, tables of trials, their objective against parameters as characters."""

from collections.abc import Collection, Sequence
from typing import Any, NoReturn

import pandas as pd
import plotext
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.columns import config_of, scored
from analysis.costs import COSTS
from analysis.descriptions import network_text, size_ticks, training_text
from analysis.frontier import frontier
from tuner.formatting import epochs_text
from tuner.metrics import Objective


class Terminal(Console):
    """A rich console that prints texts as they are: labels, paths and errors hold brackets and colons that mean nothing.

    Where the reader of a pipe has gone, that is an error like any other.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        """On stdout, or on stderr where stdout is for JSON alone."""
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> NoReturn:
        """Lets ``tuner.cli.main`` decide; rich would exit with 1."""
        raise BrokenPipeError


def plain_table(names: Sequence[str], *, left: Collection[str]) -> Table:
    """A table with headings and without lines, its columns flush right but for those of ``left``."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, justify="left" if name in left else "right", no_wrap=True)
    return table


def print_command(console: Console, line: str) -> None:
    """Prints a line with a command to be copied, which is not wrapped."""
    console.print(line, style="dim", soft_wrap=True)


_ROWS = 14
_MARGIN = 0.01  # around trials that are all equal


def frontier_chart(
    trials: pd.DataFrame, *, width: int, objective: Objective, rivals: pd.DataFrame | None = None
) -> Text:
    """A scatter of all trials that have finished an epoch; the frontier is drawn over it. Parameters on a logarithmic axis.

    Rivals, as ``Run.rivals`` has them, are on it where they are given.
    """
    usable = scored(trials, objective)
    front = frontier(usable, objective=objective)
    others = usable.iloc[:0] if rivals is None else rivals.dropna(subset=["parameters", objective.column])
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(min(width, 100), _ROWS)
    plotext.xscale("log")
    plotext.scatter(usable["parameters"].tolist(), usable[objective.column].tolist(), marker="·")
    plotext.scatter(others["parameters"].tolist(), others[objective.column].tolist(), marker="◇")
    plotext.scatter(front["parameters"].tolist(), front[objective.column].tolist(), marker="★")
    values, sizes = (pd.concat([usable[name], others[name]]) for name in (objective.column, "parameters"))
    low, high = values.min(), values.max()
    if low == high:  # plotext would take half as much around it, which no accuracy can be
        plotext.ylim(*objective.metric.bounded(low - _MARGIN, high + _MARGIN))
    ticks = size_ticks(float(sizes.min()), float(sizes.max()))
    plotext.xticks(ticks, [_size_text(tick) for tick in ticks])
    # Above and not in the chart: plotext leaves out a title that is wider than the terminal.
    heading = f"validation {objective.metric.title} against parameters (logarithmic), ★ frontier"
    heading += ", ◇ rivals\n" if len(others) else "\n"
    return Text(heading) + Text.from_ansi(plotext.build())


def _size_text(size: float) -> str:
    """``800``, ``12k``, ``1.5M``."""
    for unit, suffix in ((1e6, "M"), (1e3, "k")):
        if size >= unit:
            return f"{size / unit:.3g}{suffix}"
    return f"{size:.0f}"


_WIDE = 110
_GAP = 2
_LEAST_NETWORK = 10


def rank_table(ranked: pd.DataFrame, *, width: int, objective: Objective, cost: str = "parameters") -> Table:
    """Ranked trials; a star marks the frontier, a cross what is no better than the baseline; test figures after confirmation.

    Of configurations over folds, the spread and the number of these stand beside the mean.

    How they were trained is shown where the terminal is wide enough. Where it is narrow, the network is cut short or left
    out; the figures never are.
    """
    wide, tested = width >= _WIDE, bool(ranked[objective.test_column].notna().any())
    columns = [objective.column, *([objective.test_column] if tested else [])]
    rows = [_cells(row, columns, objective, cost, wide=wide) for _, row in ranked.iterrows()]
    figures = [f"{part} {objective.metric.short}" for part in ("val", "test")[: len(columns)]]
    folds = ["±", "folds"] if "folds" in ranked else []
    names = [
        "#",
        "trial",
        *figures,
        *folds,
        "parameters",
        *([] if cost == "parameters" else [COSTS[cost].title]),
        "",
        "epoch",
        "status",
        "network",
        *(["training"] if wide else []),
    ]
    rows, names = fitted([names, *rows], width)
    if wide and names[-1] != "training":
        rows, names = fitted([names, *rows], width)  # there was no room for it: now the network is the last column
    table = plain_table(names, left=("trial", "", "status", "network", "training"))
    for cells, on_frontier in zip(rows, ranked["on_frontier"], strict=True):
        table.add_row(*cells, style="bold" if on_frontier else None)
    return table


def configuration_table(grouped: pd.DataFrame, *, width: int, objective: Objective) -> Table:
    """Configurations with mean and spread over their seeds; the network is cut short where the terminal is narrow."""
    names = ["#", "trials", "seeds", f"mean {objective.metric.short}", "spread", "lowest", "highest", "parameters",
             "network"]  # fmt: skip
    rows = [_configuration_cells(place, row, objective) for place, (_, row) in enumerate(grouped.iterrows(), start=1)]
    rows, names = fitted([names, *rows], width)
    table = plain_table(names, left=("trials", "network"))
    for cells in rows:
        table.add_row(*cells)
    return table


def _configuration_cells(place: int, row: "pd.Series[Any]", objective: Objective) -> list[str]:
    first, *others = row["trials"].split(",")
    return [
        str(place),
        f"{first}-{others[-1]}" if others else first,
        str(row["seeds"]),
        f"{row[objective.column]:.4f}",
        "" if pd.isna(row["spread"]) else f"{row['spread']:.4f}",
        f"{row['lowest']:.4f}",
        f"{row['highest']:.4f}",
        f"{row['parameters']:,}",
        network_text(config_of(row)),
    ]


def fitted(lines: list[list[str]], width: int) -> tuple[list[list[str]], list[str]]:
    """Rows and heading with the last column cut to what is left of the width, or without it where that is too little."""
    others = [max(len(line[place]) for line in lines) for place in range(len(lines[0]) - 1)]
    room = width - sum(others) - _GAP * len(others)
    if room < _LEAST_NETWORK:
        lines = [line[:-1] for line in lines]
    else:
        lines = [[*line[:-1], line[-1] if len(line[-1]) <= room else line[-1][: room - 1] + "…"] for line in lines]
    return lines[1:], lines[0]


def _cells(row: "pd.Series[Any]", columns: list[str], objective: Objective, cost: str, *, wide: bool) -> list[str]:
    config = config_of(row)
    mark = "★" if row["on_frontier"] else "" if objective.beats_baseline(row[objective.column]) else "✗"
    return [
        str(row["rank"]),
        row["trial_id"],
        *("" if pd.isna(row[name]) else f"{row[name]:.4f}" for name in columns),
        *(["" if pd.isna(row["spread"]) else f"{row['spread']:.4f}", str(row["folds"])] if "folds" in row else []),
        *(COSTS[name].text(row[name]) for name in dict.fromkeys(["parameters", cost])),
        mark,
        f"{epochs_text(row['best_epoch'])}/{epochs_text(row['epochs'])}",
        row["status"],
        network_text(config),
        *((training_text(config),) if wide else ()),
    ]
