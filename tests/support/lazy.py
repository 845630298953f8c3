"""Packages that take seconds to import, for modules of tests that are collected even where none of their tests runs."""

import importlib
from typing import Any


class Lazy:
    """A module that is imported when something of it is first used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):  # pytest looks for marks of its own in all that a module of tests holds
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)


keras = Lazy("keras")
tf = Lazy("tensorflow")
