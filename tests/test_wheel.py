"""What a wheel and a source distribution hold, by the builder that makes them. Nothing is built."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"tuner", "search_spaces", "analysis"}


@pytest.fixture(scope="module")
def wheel():
    builder = pytest.importorskip("hatchling.builders.wheel", reason="needs hatchling, of frontier-tuner[test]")
    return {file.distribution_path for file in builder.WheelBuilder(str(ROOT)).recurse_included_files()}


def test_it_holds_every_file_of_the_packages_and_nothing_beside_them(wheel):
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }
    assert wheel >= files
    assert {name.partition("/")[0] for name in wheel} == PACKAGES


def test_what_is_read_at_run_time_is_among_them(wheel):
    suffixes = {Path(name).suffix for name in wheel if not name.endswith(".py")}
    assert suffixes >= {".csv", ".css", ".html", ".ipynb", ".js", ".jsonl", ".parquet", ".typed", ".yaml"}


def test_a_source_distribution_makes_the_same_wheel_and_can_be_tested(wheel):
    builder = pytest.importorskip("hatchling.builders.sdist", reason="needs hatchling, of frontier-tuner[test]")
    held = {file.distribution_path for file in builder.SdistBuilder(str(ROOT)).recurse_included_files()}
    assert held >= wheel
    assert held >= {"README.md", "CONTRIBUTING.md", "constraints.txt", "tests/conftest.py"}
