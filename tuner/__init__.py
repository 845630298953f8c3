"""Searches for recurrent text classifiers that are worth their parameters. Importing this package imports nothing heavy."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuner.api.functions import confirm, export, resume, scale, search
    from tuner.api.run import Model, SearchRun
    from tuner.api.spaces import Space, choice, grid, integer, log_grid, log_uniform, uniform
    from tuner.errors import InputError

__version__ = "0.1.0"

_MODULES = {
    "tuner.api.functions": ("confirm", "resume", "scale"),
    "tuner.api.run": ("Model", "SearchRun"),
    "tuner.api.spaces": ("Space", "choice", "grid", "integer", "log_grid", "log_uniform", "uniform"),
    "tuner.errors": ("InputError",),
}
_PACKAGES = ("export", "search")
"""Packages that are functions too."""
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "InputError",
    "Model",
    "SearchRun",
    "Space",
    "choice",
    "confirm",
    "export",
    "grid",
    "integer",
    "log_grid",
    "log_uniform",
    "resume",
    "scale",
    "search",
    "uniform",
]


def __getattr__(name: str) -> Any:
    """Imports a name when it is first asked for."""
    if name in _PACKAGES:
        return importlib.import_module(f"tuner.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'tuner' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """Names that are offered, imported or not."""
    return sorted([*globals(), *__all__])
