"""Packages that are functions too: ``tuner.search(data)`` beside ``tuner.search.ray_tune``.

Importing a package makes it an attribute of its parent, so that a function of the same name would be there only until then.
"""

import inspect
from importlib import import_module
from types import ModuleType
from typing import Any


class CallablePackage(ModuleType):
    """A package whose call is the function of its name in ``tuner.api.functions``."""

    def _function(self) -> Any:
        return getattr(import_module("tuner.api.functions"), self.__name__.rpartition(".")[2])

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        """The function's, for ``help`` and notebooks."""
        return str(self._function().__doc__)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Calls the function of the package's name."""
        return self._function()(*arguments, **options)

    @property
    def __signature__(self) -> inspect.Signature:
        """The function's, for ``help`` and notebooks."""
        return inspect.signature(self._function())
