"""What the models of a confirmation answered, text by text."""

from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from analysis.loading import Run
from tuner.errors import InputError
from tuner.runs.predictions import read_predictions

Part = Literal["test", "validation"]


def confirmed_models(run: Run) -> list[str]:
    """Trials and baselines with a completed repeat, in the order of their confirmation."""
    return [str(model) for model in run.repeats.loc[run.repeats["status"] == "completed", "model"].unique()]


def predictions(run: Run, model: str, *, part: Part = "test") -> pd.DataFrame:
    """A row a repeat and text of one confirmed model.

    Columns: ``repeat``, ``row`` (of the text in the data set), ``label`` and ``answer`` (names, as ordered categories),
    ``confidence`` (probability of the answer) and ``right``.

    Raises:
        InputError: where the model was not confirmed, or its answers are missing or damaged.
    """
    ends = run.repeats[(run.repeats["model"] == model) & (run.repeats["status"] == "completed")]
    if ends.empty:
        known = ", ".join(confirmed_models(run)) or "none"
        raise InputError(f"{run.name}: {model} was not confirmed; run tuner confirm first (confirmed: {known})")
    tables = [
        _answers(run, model, repeat).to_pandas().assign(repeat=repeat) for repeat in sorted(ends["repeat"].tolist())
    ]
    table = pd.concat(tables, ignore_index=True)
    table = table[table["part"] == part].reset_index(drop=True)
    names = np.array(run.settings.data.label_names, dtype=object)
    return pd.DataFrame(
        {
            "repeat": table["repeat"],
            "row": table["row"],
            "label": pd.Categorical(names[table["label"]], names, ordered=True),
            "answer": pd.Categorical(names[table["answer"]], names, ordered=True),
            "confidence": table["confidence"].astype("float64"),
            "right": table["label"] == table["answer"],
        }
    )


def right_answers(run: Run, *, part: Part = "test") -> dict[str, NDArray[np.bool_]]:
    """Which texts every confirmed model got right, ``[repeats, texts]``, the same texts for all.

    Raises:
        InputError: as ``predictions``.
    """
    found = {}
    for model in confirmed_models(run):
        answers = predictions(run, model, part=part)
        found[model] = answers["right"].to_numpy().reshape(answers["repeat"].nunique(), -1)
    return found


def _answers(run: Run, model: str, repeat: int) -> pa.Table:
    path = run.folder.predictions(model, repeat)
    try:
        return read_predictions(path)
    except (OSError, pa.ArrowInvalid):
        raise InputError(f"{path}: is missing or damaged; remove it and run tuner confirm once more") from None
