"""Accuracy against parameters as characters."""

import math

import pandas as pd
import plotext
from rich.text import Text

from analysis.fronts import frontier

_ROWS = 14


def frontier_chart(trials: pd.DataFrame, *, width: int) -> Text:
    """A scatter of all trials with an accuracy; the frontier is drawn over it. Parameters on a logarithmic axis."""
    usable = trials[trials["val_accuracy"].notna()]
    front = frontier(usable)
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(min(width, 100), _ROWS)
    plotext.xscale("log")
    plotext.scatter(usable["parameters"].tolist(), usable["val_accuracy"].tolist(), marker="·")
    plotext.scatter(front["parameters"].tolist(), front["val_accuracy"].tolist(), marker="★")
    ticks = _size_ticks(usable["parameters"].min(), usable["parameters"].max())
    plotext.xticks(ticks, [_size_text(tick) for tick in ticks])
    # Above and not in the chart: plotext leaves out a title that is wider than the terminal.
    return Text("validation accuracy against parameters (logarithmic), ★ frontier\n") + Text.from_ansi(plotext.build())


def _size_ticks(smallest: int, largest: int) -> list[float]:
    """1, 2 and 5 times powers of ten within the range, or its ends where none is."""
    low, high = math.floor(math.log10(smallest)), math.ceil(math.log10(largest))
    round_sizes = [digit * 10.0**power for power in range(low, high + 1) for digit in (1, 2, 5)]
    inside = [size for size in round_sizes if smallest <= size <= largest]
    return inside if len(inside) > 1 else sorted({float(smallest), float(largest)})


def _size_text(size: float) -> str:
    """``800``, ``12k``, ``1.5M``."""
    for unit, suffix in ((1e6, "M"), (1e3, "k")):
        if size >= unit:
            return f"{size / unit:.3g}{suffix}"
    return f"{size:.0f}"
