"""The Python modules that a custom model is made of, on their way to whoever builds it. Imports nothing of theirs."""

import hashlib
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

# Whoever searches from a clone of this project has these beside the custom model; every worker has them anyway.
_OF_THIS_PROJECT = ("tuner", "search_spaces", "analysis")
# Copies that workers of this process were given; they go with the process.
_copies: list[tempfile.TemporaryDirectory[str]] = []


@dataclass(frozen=True)
class ModelSource:
    """Where a model is found, and what it is imported from.

    Attributes:
        name: ``package.module:name``.
        root: the folder from which its modules are imported.
        files: content of the modules that it loads from there, by path within the folder; none of an installed package.
    """

    name: str
    root: Path
    files: Mapping[str, bytes]

    @classmethod
    def read(cls, name: str, root: Path, files: Iterable[str]) -> "ModelSource":
        """From the folder as it is now.

        Raises:
            OSError: where a file is gone.
        """
        return cls(name, root, {file: (root / file).read_bytes() for file in files})

    def digests(self) -> dict[str, str]:
        """SHA-256 of every file, by path."""
        return {file: hashlib.sha256(content).hexdigest() for file, content in self.files.items()}

    def make_importable(self) -> None:
        """Puts the modules on this process's path.

        That is the folder itself where it holds the same files, so that what lies beside them is found as well; elsewhere, as
        on another machine or where a file was edited since, a copy of the modules.
        """
        if not self.files:
            return
        place = self.root if self._lies_in_root() else self._copied()
        sys.path.insert(0, str(place))

    def _lies_in_root(self) -> bool:
        try:
            return all((self.root / file).read_bytes() == content for file, content in self.files.items())
        except OSError:
            return False

    def _copied(self) -> Path:
        _copies.append(tempfile.TemporaryDirectory(prefix="frontier-tuner-model-"))
        folder = Path(_copies[-1].name)
        for file, content in self.files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content)
        return folder


def loaded_from(root: Path, modules: Iterable[ModuleType]) -> list[str]:
    """Paths, within a folder, of those of the modules that were imported from there as Python source."""
    files, root = [], root.resolve()
    for module in modules:
        file = getattr(module, "__file__", None)
        if file is None or not file.endswith(".py") or module.__name__.partition(".")[0] in _OF_THIS_PROJECT:
            continue
        path = Path(file).resolve()
        if path.is_relative_to(root) and "site-packages" not in path.parts and module.__name__ != "__main__":
            files.append(path.relative_to(root).as_posix())
    return sorted(files)
