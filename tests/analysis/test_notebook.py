"""The notebooks, executed as they are shipped."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import analysis
from support.searches import PYTHONPATH

FOLDER = Path(analysis.__file__).parent


ONE_AT_ONCE = "import functools, tuner; tuner.search = functools.partial(tuner.search, concurrency=1)"
"""The Ray that tests share has more processors than this machine, and a search would start a worker on each."""


def execute(name: str, folder: Path, *before: str, timeout: int) -> list[nbformat.NotebookNode]:
    """Runs a notebook in a folder, after some code; returns what its cells display."""
    notebook = nbformat.read(FOLDER / name, as_version=4)
    notebook.cells[:0] = [nbformat.v4.new_code_cell(code) for code in before]
    NotebookClient(notebook, timeout=timeout, resources={"metadata": {"path": str(folder)}}).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]


@pytest.fixture(autouse=True)
def _packages_are_found(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", PYTHONPATH)


@pytest.mark.slow
def test_every_result_of_exploring_a_run_is_a_table_or_a_chart(tmp_path):
    results = [output.data for output in execute("explore.ipynb", tmp_path, timeout=300)]
    assert len(results) >= 23
    for data in results:
        assert "text/html" in data or "image/svg+xml" in data, data.keys()


@pytest.mark.ray
@pytest.mark.usefixtures("on_shared_ray")
def test_a_table_of_texts_becomes_a_model_that_predicts(tmp_path):
    *_, ranked, chart, model, predicted = [
        output.data
        for output in execute("start.ipynb", tmp_path, ONE_AT_ONCE, timeout=480)
        if output.output_type == "execute_result"
    ]
    assert ranked["text/html"].count("<tr") > 1
    assert chart["image/svg+xml"].startswith("<svg")
    assert "negative, positive" in model["text/plain"]
    assert predicted["text/html"].count("<tr") == 3
    assert [path.name for path in tmp_path.glob("exports/*/saved_model.pb")] == ["saved_model.pb"]


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.ipynb")))
def test_it_is_shipped_without_outputs(name):
    notebook = nbformat.read(FOLDER / name, as_version=4)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
