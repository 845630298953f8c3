"""The code of a model in MLflow's format, which is copied into it: it runs where the model is served, without this package."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mlflow.models
import mlflow.pyfunc

_BATCH = 64


class Classifier(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Answers raw strings with a SavedModel that ``tuner export`` wrote."""

    def load_context(self, context: Any) -> None:
        """Loads the SavedModel."""
        import tensorflow

        folder = Path(context.artifacts["exported"])
        self._tensorflow = tensorflow
        self._loaded = tensorflow.saved_model.load(str(folder))  # kept: the signature alone does not keep its variables
        self._signature = self._loaded.signatures["serving_default"]
        self._labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))

    def predict(self, context: Any, model_input, params: dict[str, Any] | None = None) -> Any:  # type: ignore[no-untyped-def]  # a hint would be taken for a schema
        """One row per text: its label, the label's probability, and that of each class.

        Args:
            context: MLflow's.
            model_input: a table with a column of texts.
            params: none.
        """
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for texts in _batches(model_input.iloc[:, 0]):
            answers = self._signature(text=self._tensorflow.constant(texts))
            label, label_id, shares = (answers[name].numpy() for name in ("label", "label_id", "probabilities"))
            for name, number, probabilities in zip(label, label_id, shares.astype(float), strict=True):
                each = {f"probability_{one}": p for one, p in zip(self._labels, probabilities, strict=True)}
                rows.append({"label": name.decode(), "probability": probabilities[number], **each})
        names = ["label", "probability", *(f"probability_{label}" for label in self._labels)]
        return pd.DataFrame(rows, columns=names)


def _batches(texts: Iterable[str]) -> Iterable[list[bytes]]:
    encoded = [text.encode() for text in texts]
    for first in range(0, len(encoded), _BATCH):
        yield encoded[first : first + _BATCH]


mlflow.models.set_model(Classifier())
