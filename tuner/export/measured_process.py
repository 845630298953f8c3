"""A script for a process of its own: how fast an exported model answers, on one thread, by one runtime and nothing of ours.

    python -P measured_process.py KIND MODEL TEXTS

KIND is saved_model, tflite or onnx, TEXTS an archive of texts and their ids. Prints one JSON object.
"""

import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

BATCH = 64
_ROUNDS = 3


def saved_model(path: str) -> Callable[[list[Any]], Any]:
    """Raw strings, a batch at once."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = tf.saved_model.load(path)
    classify = model.signatures["serving_default"]

    def run(texts: list[Any]) -> Any:
        assert model is not None  # the function alone does not keep the variables alive
        return classify(text=tf.constant(texts))["probabilities"].numpy()

    return run


def tflite(path: str) -> Callable[[list[Any]], Any]:
    """Token ids, a text after the other, for the files take one at a time."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=1)
    (tokens_in,), (logits_out,) = interpreter.get_input_details(), interpreter.get_output_details()
    length = 0

    def one(ids: Any) -> Any:
        nonlocal length
        if len(ids) != length:
            interpreter.resize_tensor_input(tokens_in["index"], (1, len(ids)))
            interpreter.allocate_tensors()
            length = len(ids)
        interpreter.set_tensor(tokens_in["index"], ids[None])
        interpreter.invoke()
        return interpreter.get_tensor(logits_out["index"])

    return lambda texts: [one(ids) for ids in texts]


def onnx(path: str) -> Callable[[list[Any]], Any]:
    """Token ids, a batch at once."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(texts: list[Any]) -> Any:
        tokens = np.zeros((len(texts), max(map(len, texts))), np.int32)
        for row, ids in enumerate(texts):
            tokens[row, : len(ids)] = ids
        return session.run(["probabilities"], {"tokens": tokens})

    return run


def seconds(run: Callable[[list[Any]], Any], texts: list[Any]) -> float:
    """That the texts take."""
    started = time.perf_counter()
    run(texts)
    return time.perf_counter() - started


def main(kind: str, path: str, archive: str) -> None:
    """Measures and prints."""
    with np.load(archive) as loaded:
        raw, ids, offsets = loaded["texts"], loaded["tokens"], loaded["offsets"]
    rows = [ids[start:end] for start, end in pairwise(offsets)]
    texts: list[Any] = [text.encode() for text in raw.tolist()] if kind == "saved_model" else rows
    run = {"saved_model": saved_model, "tflite": tflite, "onnx": onnx}[kind](path)
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    for warm_up in (*([text] for text in texts), *batches):
        run(warm_up)
    single = np.median([[seconds(run, [text]) for text in texts] for _ in range(_ROUNDS)], axis=0)
    whole = np.median([sum(seconds(run, batch) for batch in batches) for _ in range(_ROUNDS)])
    middle, slow = np.percentile(single, [50, 95]) * 1e3
    document = {"p50_ms": middle, "p95_ms": slow, "texts_per_second": len(texts) / whole}
    sys.stdout.write(json.dumps({name: float(value) for name, value in document.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
