"""A custom model as a search needs it: its space, discovered in a process of its own, and the modules that workers get."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from search_spaces.custom_space import custom_space_of, with_settings
from search_spaces.space import Space
from tuner.data.pipeline import PreparedData
from tuner.errors import InputError
from tuner.models.custom.source import ModelSource
from tuner.runs.settings import HyperModelSettings, SearchSettings, UserCode

_LINES_OF_A_CRASH = 2


@dataclass(frozen=True)
class CustomModelRequest:
    """What a user asks with ``hypermodel``.

    Attributes:
        name: ``package.module:name``.
        settings: changes of its space, as they were given.
    """

    name: str
    settings: tuple[str, ...] = ()


def discovered(request: CustomModelRequest, data: PreparedData, *, max_length: int) -> tuple[HyperModelSettings, Space]:
    """The model and the space that is searched. It is looked for in the current folder and among the installed packages.

    Raises:
        InputError: one line, where it cannot be found, built or trained on these data, or a setting means nothing for it.
    """
    found = _declared(request.name, Path.cwd(), data, max_length=max_length)
    settings = found.model_copy(update={"changes": request.settings})
    try:
        return settings, with_settings(custom_space_of(settings.declared, origin=request.name), request.settings)
    except ValueError as error:
        raise InputError(f"`settings` {error}") from None


def discovered_again(settings: SearchSettings, data: PreparedData) -> SearchSettings:
    """The settings of an interrupted search with its model as it is now: corrected perhaps, but with the same space.

    Settings of a search of the built-in networks are returned as they are.

    Raises:
        InputError: where the model is gone, broken, or of another space.
    """
    before = settings.hypermodel
    if before is None:
        return settings
    root = Path(before.root)
    now = _declared(before.name, root if root.is_dir() else Path.cwd(), data, max_length=settings.data.max_length)
    if now.declared != before.declared:
        raise InputError(
            f"its space has changed since the search {settings.name} began; bring the old module back or start a new search",
            option="hypermodel",
            value=before.name,
        )
    return settings.model_copy(update={"hypermodel": now.model_copy(update={"changes": before.changes})})


def source_of(code: UserCode, *, option: str) -> ModelSource:
    """The modules of a model or metric that was just imported, for workers.

    Args:
        code: where it lies.
        option: that named it.

    Raises:
        InputError: where one is gone.
    """
    try:
        return ModelSource.read(code.name, Path(code.root), code.sources)
    except OSError as error:
        raise InputError(
            f"{error.filename} cannot be read ({error.strerror}); put it back",
            option=option,
            value=code.name,
        ) from None


def _declared(name: str, root: Path, data: PreparedData, *, max_length: int) -> HyperModelSettings:
    asked = {
        "name": name,
        "root": str(root),
        "vectors": None,
        "facts": {
            "vocabulary_size": data.vocabulary.size,
            "classes": len(data.dataset.label_names),
            "max_length": max_length,
        },
    }
    with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as scratch:
        if data.encoded.vectors is not None:
            asked["vectors"] = str(Path(scratch) / "vectors.npy")
            np.save(Path(scratch) / "vectors.npy", data.encoded.vectors)
        answer = _answer(asked, Path(scratch))
    if "error" in answer:
        raise InputError(answer["error"], option="hypermodel", value=name)
    source = ModelSource.read(name, root, answer["files"])
    return HyperModelSettings(name=name, root=str(root), sources=source.digests(), declared=answer["space"])


def _answer(asked: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """What the process that imports the module says."""
    request, answer = scratch / "request.json", scratch / "answer.json"
    request.write_text(json.dumps(asked), encoding="utf-8")
    command = [sys.executable, "-m", "tuner.models.custom.discover", str(request), str(answer)]
    # A model is only built here, and the workers need the GPU. With this process's own path it finds the same packages.
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ended = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if not answer.exists():
        raise InputError(_end_of(ended.returncode, ended.stderr), option="hypermodel", value=asked["name"])
    content: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return content


def _end_of(code: int, stderr: str) -> str:
    lines: Sequence[str] = [line.strip() for line in stderr.splitlines() if line.strip()][-_LINES_OF_A_CRASH:]
    how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f"the process that builds it gave no answer ({how}{': ' if lines else ''}{' | '.join(lines)}); correct its module"
