"""Quantised models in the LiteRT (TensorFlow Lite) format, and what quantisation costs them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.lite.python.convert_phase import ConverterError

from tuner.export.evaluation import Logits, ValidationTexts, validation_texts
from tuner.export.keras_file import write_encoder
from tuner.export.trained import TrainedModel
from tuner.models.forward import logits as trained_logits
from tuner.quiet import quiet_stderr

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


def write_lite(model: TrainedModel, folder: Path) -> list[dict[str, Any]]:
    """Writes ``model_float16.tflite`` and ``model_int8.tflite`` and returns what became of each, float32 first."""
    validation = validation_texts(model.settings)
    write_encoder(model.encoder, folder)
    return [asdict(_convert(model, kind, folder, validation)) for kind in _KINDS]


def _convert(model: TrainedModel, kind: str, folder: Path, validation: ValidationTexts | str) -> LiteModel:
    content = _converted(model, kind)
    if isinstance(content, str):
        return LiteModel(kind, None, None, None, content)
    file = f"model_{kind}.tflite" if kind != "float32" else None
    if file:
        (folder / file).write_bytes(content)
    if isinstance(validation, str):
        return LiteModel(kind, file, len(content), None, validation)
    with quiet_stderr():
        accuracy = validation.accuracy(interpreted(content))
    return LiteModel(kind, file, len(content), accuracy, validation.note)


def _graph(model: TrainedModel) -> Any:
    """The recurrence that trained, with its weights as constants: what Keras 3 makes of its variables does not convert.

    One text at a time, of any length: the converter's loops need to know the number of rows.
    """
    weights = [tf.constant(weight) for weight in model.weights]

    @tf.function(input_signature=[tf.TensorSpec([1, None], tf.int32, name="tokens")], autograph=False)
    def classify(tokens: Any) -> dict[str, Any]:
        lengths = tf.reduce_sum(tf.cast(tokens != 0, tf.int32), 1)
        return {"logits": trained_logits(weights, tokens, lengths, model.network)}

    return classify


def interpreted(content: bytes) -> Logits:
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


def _converted(model: TrainedModel, kind: str) -> bytes | str:
    """The converted model, or one line that says why there is none."""
    with quiet_stderr():
        graph = _graph(model)
        holder = tf.Module()
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
