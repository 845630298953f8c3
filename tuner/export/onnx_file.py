"""Writes a model as an ONNX file for token ids, and holds its probabilities against those of the SavedModel."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

from tuner.data.vocabulary import PADDING_ID
from tuner.errors import InputError
from tuner.export.made_up import TOLERANCE, made_up_texts
from tuner.export.onnx_graph import OPSET, network_model, ngram_model
from tuner.export.onnx_runner import FILE, LABEL_ID, PROBABILITIES, TOKENS, open_session
from tuner.export.trained import TrainedCustomModel, TrainedNetwork, TrainedRival, TrainedSingle
from tuner.quiet import quiet_stderr


def write_onnx(model: TrainedSingle, folder: Path) -> dict[str, Any]:
    """Writes ``model.onnx`` and returns how it was checked.

    Returns:
        ``texts``, how many made-up ones were compared, ``largest_difference`` of a probability, and ``padded_lengths``, those
        that texts of a custom model are padded to, else None.

    Raises:
        InputError: where a custom model has no ONNX form, or the file gives other probabilities than the SavedModel.
    """
    inference = model.inference_network()
    factors = None
    if model.thresholds is not None and model.thresholds.are_used:
        factors = [*model.thresholds.factors.values()]
    if isinstance(model, TrainedNetwork):
        made = network_model(model.network, model.weights, factors)
    elif isinstance(model, TrainedRival):
        made = ngram_model(model.model, factors)
    else:
        made = _converted(model, inference, factors)
    made.producer_name = "frontier-tuner"
    onnx.helper.set_model_props(made, {"labels": json.dumps(model.encoder.labels, ensure_ascii=False)})
    onnx.save(made, folder / FILE)
    tokens = made_up_texts(model.vocabulary_size, model.encoder.max_length)
    session = open_session(folder / FILE)
    # One by one: a custom model pads a text by its own length.
    found = np.concatenate([session.run([PROBABILITIES], {TOKENS: row[None, row > 0]})[0] for row in tokens])
    lengths = (tokens != PADDING_ID).sum(1).astype(np.int32)
    expected = inference.probabilities(tf.constant(tokens), tf.constant(lengths))[1].numpy()
    difference = float(np.abs(found - expected).max())
    if not difference <= TOLERANCE:  # a difference that is no number, too
        raise InputError(
            f"its probabilities differ from the SavedModel's by {difference:.1e}, more than {TOLERANCE:.0e}; "
            "export a saved_model",
            option="kind",
            value="onnx",
        )
    lengths_of = list(inference.lengths) if isinstance(model, TrainedCustomModel) else None
    return {"texts": len(tokens), "largest_difference": difference, "padded_lengths": lengths_of}


def _converted(model: TrainedCustomModel, inference: Any, factors: list[float] | None) -> Any:
    """The user's Keras model as tf2onnx converts it."""
    import tf2onnx

    signature = [tf.TensorSpec([None, None], tf.int32, name=TOKENS)]

    @tf.function(input_signature=signature, autograph=False)
    def classify(tokens: Any) -> dict[str, Any]:
        label_id, probabilities = inference.of_one_length(tokens)
        if factors is not None:
            label_id = tf.argmax(probabilities * tf.constant(factors), 1, output_type=tf.int32)
        return {LABEL_ID: label_id, PROBABILITIES: probabilities}

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # what it cannot convert it says in its error as well
    try:
        with quiet_stderr():
            made, _ = tf2onnx.convert.from_function(classify, input_signature=signature, opset=OPSET)
    except Exception as error:  # noqa: BLE001  tf2onnx raises whatever comes; the remedy is the same
        reason = " ".join(str(error).split())[:160]
        raise InputError(
            f"{model.source.name} cannot be converted ({type(error).__name__}: {reason}); export a saved_model",
            option="kind",
            value="onnx",
        ) from None
    return made
