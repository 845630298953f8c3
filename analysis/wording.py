"""Trials and figures in words."""

from typing import Any


def network_text(config: dict[str, Any]) -> str:
    """A configuration's network in a few words: ``bi-gru 1x32 max e16 v5000`` (depth x units, embedding, vocabulary)."""
    cell = f"bi-{config['cell']}" if config["bidirectional"] else config["cell"]
    shape = f"{config['layers']}x{config['units']} {config['pooling']} e{config['embedding']} v{config['vocabulary']}"
    return f"{cell} {shape}" + (f" dense {config['dense_units']}" if config["dense_units"] else "")


def training_text(config: dict[str, Any]) -> str:
    """How it was trained: ``adam 0.0021 dropout 0.31``."""
    return f"{config['optimizer']} {config['learning_rate']:.2g} dropout {config['dropout']:.2g}"


def counted(number: int, noun: str) -> str:
    """``1 trial``, ``2,500 trials``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: float, digits: int = 1) -> str:
    """``88.6 %``, with a space that does not break."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"
