"""Where the real data lie that some tests read: a folder beside the checkout, not part of it."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(__file__).parents[2].parent / "shared" / "data"
    if not (folder / "imdb.parquet").is_file():
        pytest.skip("the real data sets are not in ../shared/data")
    return folder
