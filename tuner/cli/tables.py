"""Tables of trials for the terminal."""

from typing import Any

import pandas as pd
from rich.table import Table

from analysis.wording import network_text, training_text
from search_spaces.config import TrialConfig

_WIDE = 110


def config_of(row: "pd.Series[Any]") -> dict[str, Any]:
    """The hyperparameters in a row of ``trials.parquet``."""
    return {name: row[f"config/{name}"] for name in TrialConfig.model_fields}


def rank_table(ranked: pd.DataFrame, *, width: int) -> Table:
    """Ranked trials; a star marks the frontier. How they were trained is shown where the terminal is wide enough."""
    wide = width >= _WIDE
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (
        "#",
        "trial",
        "val acc",
        "parameters",
        "",
        "epoch",
        "status",
        "network",
        *(("training",) if wide else ()),
    ):
        right = name in ("#", "val acc", "parameters", "epoch")
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "network")
    for _, row in ranked.iterrows():
        config = config_of(row)
        cells = [
            str(row["rank"]),
            row["trial_id"],
            f"{row['val_accuracy']:.4f}",
            f"{row['parameters']:,}",
            "★" if row["on_frontier"] else "",
            f"{row['best_epoch']:.0f}/{row['epochs']}",
            row["status"],
            network_text(config),
            *((training_text(config),) if wide else ()),
        ]
        table.add_row(*cells, style="bold" if row["on_frontier"] else None)
    return table
