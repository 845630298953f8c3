"""What a frontier may be drawn against: parameters and other costs, with their names and units."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Cost:
    """A column of trials of which less is better.

    Attributes:
        column: of the trials.
        noun: in a sentence, as in "3.2 times the NOUN".
        title: of a column or an axis.
        unit: what follows a number of it.
        limit: what is not exceeded, as in "with no more than LIMIT".
        worst: so much is worth nothing: the corner that hypervolumes are measured from.
        digits: that are shown after the point.
    """

    column: str
    noun: str
    title: str
    unit: str
    limit: str
    worst: float
    digits: int = 0

    def text(self, value: float) -> str:
        """The number, as ``14,417``; empty where it is missing."""
        return "" if pd.isna(value) else f"{value:,.{self.digits}f}"

    def amount(self, value: float) -> str:
        """The number with its unit, as ``14,417 parameters``."""
        return f"{self.text(value)} {self.unit}"


PARAMETERS = Cost("parameters", "parameters", "parameters", "parameters", "so many parameters", 1e7)

COSTS = {
    cost.column: cost
    for cost in (
        PARAMETERS,
        Cost("multiply_adds", "multiply-adds", "multiply-adds", "multiply-adds a text", "so many multiply-adds", 1e10),
        Cost("bytes", "bytes", "bytes", "bytes", "so many bytes", 1e8),
        Cost("exported_bytes", "exported bytes", "exported bytes", "exported bytes", "so many exported bytes", 1e8),
        Cost("latency", "latency", "latency (ms)", "ms for one text", "so much latency", 1e3, digits=3),
    )
}
"""By column. ``tuner.costs.with_cost`` gives a run the columns other than parameters."""
