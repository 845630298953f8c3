"""The schedulers and searchers by name. The command line lists them, so their modules are imported when they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tuner.errors import InputError

if TYPE_CHECKING:
    from tuner.search.schedulers.scheduler import SchedulerSpec
    from tuner.search.searchers.searcher import SearcherSpec

SCHEDULERS = {
    "forecast": "forecast",
    "asha": "halving",
    "frontier": "halving",
    "hyperband": "hyperband",
    "median": "median",
    "pbt": "population",
    "none": "scheduler",
}
"""Modules of ``tuner.search.schedulers``."""

SEARCHERS = {
    "frontier": "frontier_search",
    "random": "random_search",
    "grid": "grid_search",
    "optuna": "optuna_search",
    "bayesian": "bayesian_search",
}
"""Modules of ``tuner.search.searchers``."""


def scheduler_spec(name: str) -> SchedulerSpec:
    """Returns what a scheduler says of itself; raises InputError where there is none of this name."""
    spec: SchedulerSpec = _spec("scheduler", SCHEDULERS, name)
    return spec


def searcher_spec(name: str) -> SearcherSpec:
    """Returns what a searcher says of itself; raises InputError where there is none of this name."""
    spec: SearcherSpec = _spec("searcher", SEARCHERS, name)
    return spec


def _spec(kind: str, modules: Mapping[str, str], name: str) -> Any:
    if name not in modules:
        raise InputError(f"is not known; use one of {', '.join(modules)}", option=kind, value=name)
    return import_module(f"tuner.search.{kind}s.{modules[name]}").SPECS[name]
