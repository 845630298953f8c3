"""Trials and figures in words."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

_OURS = {"cell", "layers", "units", "embedding", "vocabulary", "bidirectional", "pooling", "dense_units", "optimizer",
         "learning_rate", "dropout"}  # fmt: skip


def is_ours(config: Mapping[str, Any]) -> bool:
    """Whether a configuration has the hyperparameters of our networks, not those of another tool's."""
    return config.keys() >= _OURS


def network_text(config: Mapping[str, Any]) -> str:
    """A configuration's network in a few words: ``bi-gru 1x32 max e16 v5000`` (depth x units, embedding, vocabulary).

    That of another tool is a list of its hyperparameters: ``units 32, learning_rate 0.004``.
    """
    if not is_ours(config):
        named = {name.rsplit("/", 1)[-1]: value for name, value in config.items() if not pd.isna(value)}
        return ", ".join(f"{name} {_short(value)}" for name, value in named.items())
    cell = f"bi-{config['cell']}" if config["bidirectional"] else config["cell"]
    shape = f"{config['layers']}x{config['units']} {config['pooling']} e{config['embedding']} v{config['vocabulary']}"
    return f"{cell} {shape}" + (f" dense {config['dense_units']}" if config["dense_units"] else "")


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def training_text(config: Mapping[str, Any]) -> str:
    """How it was trained: ``adam 0.0021 dropout 0.31``; empty for another tool's configuration."""
    if not is_ours(config):
        return ""
    return f"{config['optimizer']} {config['learning_rate']:.2g} dropout {config['dropout']:.2g}"


def counted(number: int, noun: str) -> str:
    """``1 trial``, ``2,500 trials``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: float, digits: int = 1) -> str:
    """``88.6 %``, with a space that does not break."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"
