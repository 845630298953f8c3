"""An exported model in MLflow's format: a pyfunc with a signature, which ``mlflow models serve`` lets answer raw strings."""

import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tuner.errors import InputError
from tuner.export.folder import DESCRIPTION
from tuner.runs.search_state import SearchState

MODEL = "model"
"""Its path among the artifacts of a trial."""
_CODE = Path(__file__).with_name("mlflow_code.py")


def write_mlflow_model(exported: Path, target: Path) -> None:
    """Writes a SavedModel of ``tuner export`` as a pyfunc model. It needs TensorFlow where it is served, and not this package.

    Input is a column ``text`` of strings; output a row for each with ``label``, ``probability`` (of the label), and
    ``probability_<label>`` of each class.

    Args:
        exported: the folder that ``tuner export`` wrote.
        target: the folder to write, which must not be there.
    """
    import mlflow.pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    labels = json.loads((exported / "labels.json").read_text(encoding="utf-8"))
    versions = json.loads((exported / DESCRIPTION).read_text(encoding="utf-8"))["versions"]
    outputs = [ColSpec(DataType.string, "label"), ColSpec(DataType.double, "probability")]
    outputs += [ColSpec(DataType.double, f"probability_{label}") for label in labels]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it wants an example, for which it would load TensorFlow
        mlflow.pyfunc.save_model(
            path=str(target),
            python_model=str(_CODE),
            artifacts={"exported": str(exported.absolute())},
            signature=ModelSignature(Schema([ColSpec(DataType.string, "text")]), Schema(outputs)),
            pip_requirements=[f"{name}=={versions[name]}" for name in ("tensorflow", "numpy")] + ["pandas"],
        )


def model_digest(exported: Path) -> str:
    """What tells an exported model from others."""
    digest = hashlib.sha256()
    for file in sorted(path for path in exported.rglob("*") if path.is_file()):
        digest.update(file.relative_to(exported).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def models_of_run(folders: Sequence[Path], state: SearchState) -> dict[str, Path]:
    """The folders among these that hold a SavedModel of a trial of a run, by trial: one with its configuration and size."""
    found = {}
    for folder in folders:
        description = _description(folder)
        record = state.trials.get(str(description.get("trial")))
        if record is None or description.get("format") != "saved_model":
            continue
        same = all(record.config.get(name) == value for name, value in dict(description.get("config", {})).items())
        if same and description.get("parameters") == record.parameters:
            found[record.trial] = folder
    return found


def checked_models(folders: Sequence[Path], state: SearchState, run: str) -> dict[str, Path]:
    """The models that a user named.

    Raises:
        InputError: for a folder that holds none of the run.
    """
    found = models_of_run(folders, state)
    wrong = next((folder for folder in folders if folder not in found.values()), None)
    if wrong is not None:
        raise InputError(
            f"holds no SavedModel of a trial of {run}; give a folder that `tuner export {run}` wrote",
            option="model",
            value=wrong,
        )
    return found


def _description(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
