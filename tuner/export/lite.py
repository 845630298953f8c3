"""Quantised models in the LiteRT (TensorFlow Lite) format, and what quantisation costs them on the validation texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.lite.python.convert_phase import ConverterError

from tuner.data.vocabulary import PADDING_ID
from tuner.errors import InputError
from tuner.export.made_up import TOLERANCE, made_up_texts
from tuner.export.trained import TrainedCustomModel, TrainedNetwork
from tuner.models.forward import logits as trained_logits
from tuner.quiet import quiet_stderr
from tuner.runs.settings import SearchSettings
from tuner.search.prepare import prepare_again, with_same_folds

_MOST_TEXTS = 1_000  # an interpreter takes them one at a time, 20 to 50 ms for a film review

Outputs = Callable[[NDArray[np.int32]], NDArray[np.float32]]
"""From the token ids of one text ``[1, time]`` to its logits ``[1, outputs]``, or its probabilities ``[1, classes]``."""


class ValidationTexts:
    """The encoded validation texts (with folds those of the trial's), or 1,000 of them, evenly spaced.

    Attributes:
        note: says so where not all of them are taken.
    """

    def __init__(self, settings: SearchSettings, fold: int = 1, *, informative: bool = False) -> None:
        """Reads the data once more.

        Args:
            settings: of the search.
            fold: where it has folds, the one that the trial was validated on.
            informative: whether the trial's ids are places in the informative order.

        Raises:
            InputError: where they are not at hand (an export may happen on another machine) or have changed.
        """
        data = with_same_folds(prepare_again(settings), settings).encoded
        parts = data if data.folds is None else data.of_fold(fold)
        self._texts = (parts.in_informative_order() if informative else parts).validation
        count = len(self._texts)
        rows = np.unique(np.linspace(0, count - 1, min(count, _MOST_TEXTS)).astype(np.int64))
        # By length, so that an interpreter has to lay out its memory once for every length only.
        self._rows = rows[np.argsort(self._texts.lengths[rows], kind="stable")]
        self.note = None if len(rows) == count else f"on {len(rows):,} of the {count:,} validation texts"

    def accuracy(self, answer_of: Outputs) -> float:
        """Share of right answers: the likeliest class, or whether a single logit is above zero."""
        texts, right = self._texts, 0
        for row in self._rows:
            outputs = answer_of(texts.tokens[None, texts.offsets[row] : texts.offsets[row] + texts.lengths[row]])[0]
            answer = int(outputs[0] > 0.0) if len(outputs) == 1 else int(outputs.argmax())
            right += answer == int(texts.labels[row])
        return right / len(self._rows)


def validation_texts(settings: SearchSettings, fold: int, *, informative: bool = False) -> ValidationTexts | str:
    """The validation texts, or one line that says why there are none here."""
    try:
        return ValidationTexts(settings, fold, informative=informative)
    except InputError as error:
        return f"not measured: {error}"


_KINDS = ("float32", "float16", "int8")


@dataclass(frozen=True)
class LiteModel:
    """One converted model.

    Attributes:
        kind: "float32" (not quantised, to compare with), "float16" or "int8" (weights; activations stay float32).
        file: its name, None where the converter failed.
        bytes: its size.
        val_accuracy: on the validation texts of the search, by LiteRT's interpreter; None where it was not measured.
        note: why something is missing, in one line.
    """

    kind: str
    file: str | None
    bytes: int | None
    val_accuracy: float | None
    note: str | None


def write_lite(model: TrainedNetwork | TrainedCustomModel, folder: Path) -> list[dict[str, Any]]:
    """Writes ``model_float16.tflite`` and ``model_int8.tflite`` and returns what became of each, float32 first.

    Raises:
        InputError: where a custom model, converted, gives other probabilities than its SavedModel.
    """
    validation = validation_texts(model.settings, model.fold, informative=model.informative)
    return [asdict(_convert(model, kind, folder, validation)) for kind in _KINDS]


def _convert(
    model: TrainedNetwork | TrainedCustomModel, kind: str, folder: Path, validation: ValidationTexts | str
) -> LiteModel:
    graph, holder = _graph(model) if isinstance(model, TrainedNetwork) else _custom_graph(model)
    content = _converted(graph, holder, kind)
    if isinstance(content, str):
        return LiteModel(kind, None, None, None, content)
    if kind == "float32" and isinstance(model, TrainedCustomModel):
        _check(model, holder, content)
    file = f"model_{kind}.tflite" if kind != "float32" else None
    if file:
        (folder / file).write_bytes(content)
    if isinstance(validation, str):
        return LiteModel(kind, file, len(content), None, validation)
    with quiet_stderr():
        accuracy = validation.accuracy(interpreted(content))
    return LiteModel(kind, file, len(content), accuracy, validation.note)


def _graph(model: TrainedNetwork) -> tuple[Any, Any]:
    """The function to convert, and what holds its variables.

    It is the recurrence that trained, with its weights as constants: what Keras 3 makes of its variables does not convert.
    One text at a time, of any length: the converter's loops need to know the number of rows.
    """
    weights = [tf.constant(weight) for weight in model.weights]

    @tf.function(input_signature=[tf.TensorSpec([1, None], tf.int32, name="tokens")], autograph=False)
    def classify(tokens: Any) -> dict[str, Any]:
        lengths = tf.reduce_sum(tf.cast(tokens != 0, tf.int32), 1)
        return {"logits": trained_logits(weights, tokens, lengths, model.network)}

    return classify, tf.Module()


def _custom_graph(model: TrainedCustomModel) -> tuple[Any, Any]:
    """As ``_graph``, of the user's Keras model, which stays the holder of its own variables."""
    network = model.inference_network()

    @tf.function(input_signature=[tf.TensorSpec([1, None], tf.int32, name="tokens")], autograph=False)
    def classify(tokens: Any) -> dict[str, Any]:
        return {"probabilities": network.of_one_length(tokens)[1]}

    return classify, network


def _check(model: TrainedCustomModel, network: Any, content: bytes) -> None:
    """Holds a converted custom model against what its SavedModel will hold.

    Raises:
        InputError: where a probability differs.
    """
    run = interpreted(content)
    tokens = made_up_texts(model.vocabulary_size, model.encoder.max_length)
    lengths = (tokens != PADDING_ID).sum(1).astype(np.int32)
    with quiet_stderr():
        found = np.concatenate([run(row[None, :length]) for row, length in zip(tokens, lengths, strict=True)])
    expected = network.probabilities(tf.constant(tokens), tf.constant(lengths))[1].numpy()
    difference = float(np.abs(found - expected).max())
    if not difference <= TOLERANCE:  # a difference that is no number, too
        raise InputError(
            f"LiteRT's probabilities of {model.source.name} differ from the SavedModel's by {difference:.1e}, more than "
            f"{TOLERANCE:.0e}; export a saved_model",
            option="kind",
            value="tflite",
        )


def interpreted(content: bytes) -> Outputs:
    """The converted model as a function, run by LiteRT on one thread."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    (tokens_in,), (logits_out,) = interpreter.get_input_details(), interpreter.get_output_details()
    shape: tuple[int, ...] = ()

    def run(tokens: NDArray[np.int32]) -> NDArray[np.float32]:
        nonlocal shape
        if tokens.shape != shape:
            interpreter.resize_tensor_input(tokens_in["index"], tokens.shape)
            interpreter.allocate_tensors()
            shape = tokens.shape
        interpreter.set_tensor(tokens_in["index"], tokens)
        interpreter.invoke()
        result: NDArray[np.float32] = interpreter.get_tensor(logits_out["index"])
        return result

    return run


def _converted(graph: Any, holder: Any, kind: str) -> bytes | str:
    """The converted model, or one line that says why there is none."""
    with quiet_stderr():
        holder.classify = graph
        converter = tf.lite.TFLiteConverter.from_concrete_functions([graph.get_concrete_function()], holder)
        if kind != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if kind == "float16":
            converter.target_spec.supported_types = [tf.float16]
        try:
            return bytes(converter.convert())
        except ConverterError as error:
            reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")
            return f"LiteRT's converter does not take this network: {reason[:200]}"
