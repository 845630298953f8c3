from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import analysis

NOTEBOOK = Path(analysis.__file__).parent / "explore.ipynb"


@pytest.mark.slow
def test_the_notebook_runs_and_every_result_is_a_table_or_a_chart():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    # The kernel finds the packages by the folder it starts in, where they are not installed.
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(NOTEBOOK.parent.parent)}}).execute()
    results = [output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert len(results) >= 23
    for data in results:
        assert "text/html" in data or any("vegalite" in kind for kind in data), data.keys()


def test_it_is_shipped_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
