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
_LEAST_ROUNDS, _MOST_ROUNDS, _ENOUGH_SECONDS = 3, 25, 10.0


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
    """That the texts take; of the processor's time where that is less, so that waiting for a core does not count."""
    started, busy = time.perf_counter(), time.process_time()
    run(texts)
    passed, used = time.perf_counter() - started, time.process_time() - busy
    return passed if sys.platform == "win32" else min(passed, used)  # there it counts in steps of 16 ms


def fastest(run: Callable[[list[Any]], Any], parts: list[list[Any]]) -> Any:
    """The least seconds of each part in 3 to 25 rounds (ten seconds are enough): without what else the machine did."""
    rounds: list[list[float]] = []
    started = time.perf_counter()
    while len(rounds) < _LEAST_ROUNDS or (
        len(rounds) < _MOST_ROUNDS and time.perf_counter() - started < _ENOUGH_SECONDS
    ):
        rounds.append([seconds(run, part) for part in parts])
    return np.min(rounds, axis=0)


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
    middle, slow = np.percentile(fastest(run, [[text] for text in texts]), [50, 95]) * 1e3
    whole = fastest(run, batches).sum()
    document = {"p50_ms": middle, "p95_ms": slow, "texts_per_second": len(texts) / whole}
    sys.stdout.write(json.dumps({name: float(value) for name, value in document.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
