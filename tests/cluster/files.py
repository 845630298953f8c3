"""The cluster files as the tests read them."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
RAY_UP_FILES = ("gpu", "gcp", "onprem")


def cluster_file(name: str) -> Path:
    """The file of a cluster, for instance ``gpu``."""
    return ROOT / "cluster" / f"{name}.yaml"


def read_cluster(name: str) -> dict[str, Any]:
    """What the file of a cluster says."""
    return yaml.safe_load(cluster_file(name).read_text(encoding="utf-8"))
