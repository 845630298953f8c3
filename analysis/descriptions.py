"""Trials and figures in words."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from search_spaces.config import TrialConfig
from tuner.metrics import Objective

_OURS = {"cell", "layers", "units", "embedding", "vocabulary", "bidirectional", "pooling", "dense_units", "optimizer",
         "learning_rate", "dropout"}  # fmt: skip
_DEFAULTS = TrialConfig().model_dump()
_SHOWN_WHERE_SET = {
    "label_smoothing": "smoothing",
    "focal_gamma": "focal",
    "embedding_dropout": "of words",
    "momentum": "momentum",
    "l1": "l1",
    "l2": "l2",
}


def is_ours(config: Mapping[str, Any]) -> bool:
    """Whether a configuration has the hyperparameters of the built-in networks, not those of another tool's."""
    return config.keys() >= _OURS


def network_text(config: Mapping[str, Any]) -> str:
    """A configuration's network in a few words: ``bi-gru 1x32 max e16 v5000`` (depth x units, embedding, vocabulary).

    A hyperparameter that a run of an older version does not know is at its default. A network of another tool is a list of
    its hyperparameters: ``units 32, learning_rate 0.004``.
    """
    if not is_ours(config):
        named = {name.rsplit("/", 1)[-1]: value for name, value in config.items() if not pd.isna(value)}
        return ", ".join(f"{name} {_short(value)}" for name, value in named.items())
    config = _DEFAULTS | dict(config)
    parts = [_cell(config)]
    if config["cell"] != "none":
        parts.append(f"{config['layers']}x{config['units']}")
    parts += [config["pooling"], _words(config), f"v{config['vocabulary']}"]
    if config["dense_units"] and config["dense_layers"]:
        depth = f"{config['dense_layers']}x" if config["dense_layers"] > 1 else ""
        parts.append(f"dense {depth}{config['dense_units']}")
    if config["batch_norm"]:
        parts.append("norm")
    return " ".join(parts)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _cell(config: Mapping[str, Any]) -> str:
    """``bi-elman-sigmoid+residual``; "words" where word vectors are pooled as they are."""
    if config["cell"] == "none":
        return "words"
    direction = "bi-" if config["bidirectional"] and config["cell"] != "mlp" else ""
    activation = "-sigmoid" if config["activation"] == "sigmoid" else ""
    extras = "".join(f"+{name}" for name in ("projection", "residual") if config[name])
    return f"{direction}{config['cell']}{activation}{extras}"


def _words(config: Mapping[str, Any]) -> str:
    """What the first layer reads of a word: ``e16``, ``one-hot``, or pretrained vectors."""
    if config["input"] == "one_hot":
        return "one-hot"
    if config["vectors"] != "none":
        return f"{config['vectors']}-vectors"
    return f"e{config['embedding']}"


def training_text(config: Mapping[str, Any]) -> str:
    """How it was trained: ``adam 0.0021 dropout 0.31``, and what else is not at its default; empty for another tool's."""
    if not is_ours(config):
        return ""
    config = _DEFAULTS | dict(config)
    parts = [f"{config['optimizer']} {config['learning_rate']:.2g} dropout {config['dropout']:.2g}"]
    if config["optimizer"] == "adamw":
        parts.append(f"decay {config['weight_decay']:.2g}")
    if config["class_weights"] != "none":
        parts.append(f"{config['class_weights']} classes")
    parts += [f"{text} {config[name]:.2g}" for name, text in _SHOWN_WHERE_SET.items() if config[name]]
    return " ".join(parts)


def percent(share: float, digits: int = 1) -> str:
    """``88.6 %``, with a space that does not break."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def baseline_text(model: str) -> str:
    """What a model of a confirmation is that is no trial."""
    return {
        "logistic-regression": "TF-IDF of n-grams",
        "nb-svm": "log-count ratios of n-grams",
        "ensemble": "weighted mean of its members",
    }.get(model, "mean of word vectors")


def value_text(value: float, objective: Objective, digits: int = 1) -> str:
    """A value of a metric: ``88.6 %``, or ``0.886`` where it is not read in percent."""
    return percent(value, digits) if objective.metric.percent else f"{value:.{digits + 2}f}"


def size_ticks(low: float, high: float, digits: Sequence[int] = (1, 2, 5)) -> list[float]:
    """These digits times powers of ten within the range, or its ends where hardly one is."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inside = [digit * 10.0**power for power in powers for digit in digits if low <= digit * 10.0**power <= high]
    return inside if len(inside) > 1 else sorted({low, high})
