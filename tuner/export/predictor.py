"""Predicting with an exported model: any number of texts in bounded memory."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tuner.errors import InputError
from tuner.export.folder import DESCRIPTION
from tuner.models.device import quiet_tensorflow
from tuner.quiet import quiet_stderr

_BATCH = 64
# Texts are put into batches by length within so many: little padding, and little to hold in memory.
_CHUNK = 1024


@dataclass(frozen=True)
class Prediction:
    """The answer to one text.

    Attributes:
        label: name of the answer: the most probable class, or what the model's decision thresholds make of the probabilities.
        label_id: its index in the model's labels.
        probabilities: one a class, in the order of the labels.
    """

    text: str
    label: str
    label_id: int
    probabilities: tuple[float, ...]

    @property
    def probability(self) -> float:
        """Of the class that was chosen."""
        return self.probabilities[self.label_id]


class Predictor:
    """A SavedModel that ``tuner export`` wrote.

    Attributes:
        labels: names of the classes.
        text_columns: the columns that the training texts were in, none where an earlier version exported.
    """

    def __init__(self, folder: Path) -> None:
        """Checks the folder; TensorFlow and the model are loaded when the first text comes.

        Raises:
            InputError: where it is no exported SavedModel, or TensorFlow would take its path for a pattern.
        """
        if set(str(folder)) & set("*?["):
            raise InputError(
                f"{folder}: TensorFlow takes *, ? and [ in a path for a pattern; rename the folder, or go into it and give ."
            )
        self.folder = folder
        self.labels, self.text_columns = _read_description(folder)
        self._model: Any = None  # kept, for the signature alone does not keep the variables alive
        self._signature: Any = None
        self._tensorflow: Any = None

    def predict(self, texts: Iterable[str]) -> Iterator[Prediction]:
        """The answers in the order of the texts, which are taken a chunk at a time.

        Raises:
            InputError: where a text holds half a surrogate pair, which is no UTF-8, or the model cannot be loaded.
        """
        remaining = iter(texts)
        while chunk := list(islice(remaining, _CHUNK)):
            raw = [_utf8(text) for text in chunk]
            self._load()
            yield from self._predict_chunk(chunk, raw)

    def _predict_chunk(self, texts: list[str], raw: list[bytes]) -> list[Prediction]:
        order = sorted(range(len(raw)), key=lambda row: len(raw[row]))
        answers: list[Prediction | None] = [None] * len(raw)
        for start in range(0, len(raw), _BATCH):
            rows = order[start : start + _BATCH]
            result = self._signature(text=self._tensorflow.constant([raw[row] for row in rows]))
            columns = (result[name].numpy() for name in ("label", "label_id", "probabilities"))
            for row, label, label_id, probabilities in zip(rows, *columns, strict=True):
                answers[row] = Prediction(texts[row], label.decode(), int(label_id), tuple(probabilities.tolist()))
        return [answer for answer in answers if answer is not None]

    def _load(self) -> None:
        if self._model is not None:
            return
        tensorflow = self._tensorflow = quiet_tensorflow(threads=os.cpu_count() or 1)
        try:
            with quiet_stderr():
                loaded = tensorflow.saved_model.load(str(self.folder))
                signature = loaded.signatures["serving_default"]
        except (OSError, ValueError, KeyError, tensorflow.errors.OpError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{self.folder}: the SavedModel cannot be loaded ({reason}); export it again") from None
        self._model, self._signature = loaded, signature


def _read_description(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give one that `tuner export` wrote")
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        labels = tuple(map(str, json.loads((folder / "labels.json").read_text(encoding="utf-8"))))
        kind = description.get("format")
        text_columns = tuple(map(str, description.get("text_columns", ())))
    except (OSError, ValueError, AttributeError, TypeError):
        raise InputError(f"{folder}: is no exported model; give a folder that `tuner export` wrote") from None
    if "models" in description:
        raise InputError(
            f"{folder}: holds a frontier; give one of its models, for instance {folder / description['models'][0]['trial']}"
        )
    if kind != "saved_model" or not (folder / "saved_model.pb").is_file():
        raise InputError(f"{folder}: holds no SavedModel (format {kind}); export with `kind='saved_model'` to predict")
    return labels, text_columns


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InputError(f"the text {text[:40]!a} is not UTF-8; convert it first") from None
