"""Predicting with an exported model: any number of texts in bounded memory."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tuner.data.tokenizer import Tokenizer
from tuner.errors import InputError
from tuner.export.folder import DESCRIPTION
from tuner.export.onnx_runner import FILE as ONNX_FILE
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


class Runner(Protocol):
    """What answers a few texts at once."""

    def answers(self, texts: list[str]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Class of each text, int32 ``[texts]``, and float32 ``[texts, classes]``."""
        ...


class Predictor:
    """A SavedModel or an ONNX file that ``tuner export`` wrote.

    Attributes:
        labels: names of the classes.
        text_columns: the columns that the training texts were in, none where an earlier version exported.
    """

    def __init__(self, folder: Path) -> None:
        """Checks the folder; the model, and what runs it, are loaded when the first text comes.

        Raises:
            InputError: where it is no exported SavedModel or ONNX file, or TensorFlow would take its path for a pattern.
        """
        self.folder = folder
        self._description, self.labels = _read_description(folder)
        self.text_columns = tuple(map(str, self._description.get("text_columns", ())))
        self._runner: Runner | None = None

    def predict(self, texts: Iterable[str]) -> Iterator[Prediction]:
        """The answers in the order of the texts, which are taken a chunk at a time.

        Raises:
            InputError: where a text holds half a surrogate pair, which is no UTF-8, or the model cannot be loaded.
        """
        remaining = iter(texts)
        while chunk := list(islice(remaining, _CHUNK)):
            for text in chunk:
                _check_utf8(text)
            if self._runner is None:
                self._runner = self._loaded()
            columns = self._runner.answers(chunk)
            for text, label_id, probabilities in zip(chunk, *columns, strict=True):
                yield Prediction(text, self.labels[int(label_id)], int(label_id), tuple(probabilities.tolist()))

    def reading(self) -> tuple[Tokenizer, int]:
        """How the model makes words of a text, and how many of them it reads.

        Raises:
            InputError: where an earlier version exported, which did not write that down.
        """
        names = ("stop_words", "characters", "truncate")
        try:
            settings = {name: self._description[name] for name in names}
            return Tokenizer(**settings), int(self._description["max_length"])
        except (KeyError, TypeError, ValueError):
            raise InputError(
                f"{self.folder}: {DESCRIPTION} does not say how words are made, as an earlier version wrote it; export the "
                "trial again"
            ) from None

    def _loaded(self) -> Runner:
        if self._description["format"] == "onnx":
            from tuner.export.onnx_runner import OnnxRunner

            return OnnxRunner(self.folder, self._description["onnx"]["padded_lengths"])
        return _SavedModel(self.folder)


class _SavedModel:
    """A SavedModel, run by TensorFlow."""

    def __init__(self, folder: Path) -> None:
        """Loads it.

        Raises:
            InputError: where it cannot be loaded.
        """
        self._tensorflow = tensorflow = quiet_tensorflow(threads=os.cpu_count() or 1)
        try:
            with quiet_stderr():
                # Kept, for the signature alone does not keep the variables alive.
                self._model = tensorflow.saved_model.load(str(folder))
                self._signature = self._model.signatures["serving_default"]
        except (OSError, ValueError, KeyError, tensorflow.errors.OpError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{folder}: the SavedModel cannot be loaded ({reason}); export it again") from None

    def answers(self, texts: list[str]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """As of a ``Runner``."""
        raw = [text.encode() for text in texts]
        order = sorted(range(len(raw)), key=lambda row: len(raw[row]))
        found: list[tuple[NDArray[np.int32], NDArray[np.float32]]] = []
        for start in range(0, len(raw), _BATCH):
            batch = [raw[row] for row in order[start : start + _BATCH]]
            result = self._signature(text=self._tensorflow.constant(batch))
            found.append((result["label_id"].numpy(), result["probabilities"].numpy()))
        places = np.argsort(order)
        label_ids, probabilities = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return label_ids[places], probabilities[places]


def _read_description(folder: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What ``export.json`` says, and the labels."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give one that `tuner export` wrote")
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        labels = tuple(map(str, json.loads((folder / "labels.json").read_text(encoding="utf-8"))))
        kind = description.get("format")
    except (OSError, ValueError, AttributeError, TypeError):
        raise InputError(f"{folder}: is no exported model; give a folder that `tuner export` wrote") from None
    if "models" in description:
        raise InputError(
            f"{folder}: holds a frontier; give one of its models, for instance {folder / description['models'][0]['trial']}"
        )
    if kind == "onnx" and (folder / ONNX_FILE).is_file():
        return description, labels
    if kind != "saved_model" or not (folder / "saved_model.pb").is_file():
        raise InputError(
            f"{folder}: holds no SavedModel or ONNX file (format {kind}); export with `kind='saved_model'` to predict"
        )
    if set(str(folder)) & set("*?["):
        raise InputError(
            f"{folder}: TensorFlow takes *, ? and [ in a path for a pattern; rename the folder, or go into it and give ."
        )
    return description, labels


def _check_utf8(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"the text {text[:40]!a} is not UTF-8; convert it first") from None
