"""XLA's persistent cache: what one worker compiled, the others of its machine and later searches read."""

import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path

_MOST_BYTES = 512 * 2**20  # a compiled step takes about 1.3 MB
# TensorFlow fails the step that it cannot store, so nothing is stored where the disk may fill up.
_FREE_BYTES_TO_WRITE = 2**30


def cache_folder() -> Path:
    """Of this machine and this TensorFlow: a home may be shared by machines with other processors."""
    root = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return root / "frontier-tuner" / "xla" / f"{platform.node()}-{version('tensorflow')}"


def use_xla_cache() -> None:
    """Turns the cache on in this process; to be called before TensorFlow is imported.

    Does nothing where TF_XLA_FLAGS says something of its own, or where the folder cannot be made: then every process compiles
    for itself, as it would without a cache. On a GPU XLA's cache stays off: a step there is quickly compiled or cuDNN's.
    """
    if "TF_XLA_FLAGS" in os.environ:
        return
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _drop_oldest(folder)
        may_write = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= _FREE_BYTES_TO_WRITE
    except OSError:
        return
    read_only = str(not may_write).lower()
    os.environ["TF_XLA_FLAGS"] = (
        f"--tf_xla_persistent_cache_directory={folder} --tf_xla_persistent_cache_read_only={read_only} "
        "--tf_xla_persistent_cache_device_types=CPU"
    )


def _drop_oldest(folder: Path) -> None:
    """Keeps the newest programs, ``_MOST_BYTES`` of them. Other workers may do the same at this moment."""
    room = _MOST_BYTES
    found = []
    for path in folder.iterdir():
        try:
            found.append((path.stat(), path))
        except FileNotFoundError:
            continue
    for status, path in sorted(found, key=lambda pair: -pair[0].st_mtime_ns):
        room -= status.st_size
        if room < 0:
            path.unlink(missing_ok=True)
