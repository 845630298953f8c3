"""What an export costs to run, measured in processes of their own."""

import json
from importlib.util import find_spec
from shutil import copytree

import pytest

from tuner.cli.main import run

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def own_run(run_path, tmp_path, monkeypatch):
    """A run that may be written to, and two processes in the place of five."""
    monkeypatch.setattr("tuner.export.measuring.PROCESSES", 2)
    return copytree(run_path, tmp_path / "mine")


@pytest.mark.parametrize(
    ("kind", "package", "takes"),
    [
        ("saved_model", "tensorflow", "raw texts"),
        ("tflite", "ai_edge_litert", "token ids"),
        ("onnx", "tf2onnx", "token ids"),
    ],
)
def test_figures_are_in_export_card_and_run(own_run, tmp_path, capsys, kind, package, takes):
    if not find_spec(package):
        pytest.skip(f"needs {package}")
    out = tmp_path / "model"
    arguments = ["export", str(own_run), "--trial", "00000", "--format", kind, "--out", str(out), "--measure"]
    assert run(arguments) == 0
    printed = capsys.readouterr().out
    found = json.loads((out / "export.json").read_text())["measured"]
    card = (out / "README.md").read_text()
    assert len(found) == (2 if kind == "tflite" else 1)
    for one in found:
        assert one["takes"] == takes
        assert one["texts"] == 24  # all that the run validates on
        assert 0 < one["p50_ms"] <= one["p95_ms"] < 1000
        assert one["texts_per_second"] > 1
        assert one["spread"] >= 0
        if kind == "saved_model":
            parts = [out / "saved_model.pb", *(out / "variables").iterdir(), out / "fingerprint.pb"]
            assert one["bytes"] == sum(path.stat().st_size for path in parts)
        else:
            assert one["bytes"] == (out / one["model"]).stat().st_size
        assert f"{one['model']}: {one['bytes']:,} bytes" in printed
        assert f"| {one['model']} | {takes} | {one['bytes']:,} |" in card
    kept = json.loads((own_run / "costs.json").read_text())["00000"]
    assert kept == {one["model"]: one for one in found}


def test_what_cannot_be_measured_is_refused_before_anything_is_written(own_run, tmp_path, capsys):
    export = ["export", str(own_run), "--out", str(tmp_path / "model"), "--measure"]
    assert run([*export, "--format", "keras"]) == 2
    assert "leave it out, or export saved_model, tflite or onnx" in capsys.readouterr().err
    settings = (own_run / "search.yaml").read_text()
    (own_run / "search.yaml").write_text(settings.replace("data.csv", "gone.csv"))
    assert run(export) == 2
    error = capsys.readouterr().err
    assert "gone.csv" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "model").exists()
