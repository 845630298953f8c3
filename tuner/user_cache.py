"""Where the program keeps what it can make again, for this user on this machine."""

import os
from pathlib import Path

from platformdirs import user_cache_path

CACHE_VARIABLE = "FRONTIER_TUNER_CACHE"


def cache_folder(purpose: str) -> Path:
    """The folder for one purpose, which may not exist yet; FRONTIER_TUNER_CACHE says where all of them are."""
    root = os.environ.get(CACHE_VARIABLE)
    return (Path(root) if root else user_cache_path("frontier-tuner", appauthor=False)) / purpose
