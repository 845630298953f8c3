"""Folders of exported models: there whole or not at all, and never by accident in place of something else."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tuner.errors import InputError

DESCRIPTION = "export.json"
"""The file that marks a folder as an export and says of what."""


def check_target(target: Path, *, force: bool) -> None:
    """Refuses a target that exists, unless it is an export and ``force`` allows to replace it.

    Raises:
        InputError: one line with the remedy.
    """
    if not target.exists() and not target.is_symlink():
        return
    if not force:
        raise InputError(
            "exists already; choose another folder, or replace it with `force`", option="out", value=target
        )
    is_empty = target.is_dir() and not any(target.iterdir())
    if target.is_symlink() or not (is_empty or (target / DESCRIPTION).is_file()):
        raise InputError(
            "is no exported model, so `force` does not remove it; choose another folder", option="out", value=target
        )


def write_folder(target: Path, fill: Callable[[Path], None], *, force: bool) -> None:
    """Lets ``fill`` write a hidden folder beside ``target`` and moves it into place.

    Raises:
        InputError: as ``check_target``, or where the folder cannot be written.
    """
    check_target(target, force=force)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    replaced = target.with_name(f".{target.name}.{os.getpid()}.replaced")
    try:
        partial.mkdir(parents=True)
        fill(partial)
        check_target(target, force=force)  # writing took seconds, in which another export may have come first
        if target.exists():
            target.rename(replaced)
        partial.rename(target)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror or error}); choose a folder that you can write",
            option="out",
            value=target,
        ) from None
    finally:
        if replaced.exists() and not target.exists():
            replaced.rename(target)
        for leftover in (partial, replaced):
            shutil.rmtree(leftover, ignore_errors=True)


def write_json(path: Path, content: Any) -> None:
    """Writes a JSON file that people can read too."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
