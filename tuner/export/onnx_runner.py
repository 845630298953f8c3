"""Runs an exported ONNX file on raw texts, without TensorFlow: the folder's encoder, then onnxruntime."""

from __future__ import annotations

import os
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuner.data.encoded import encode_texts
from tuner.data.encoder import Encoder
from tuner.errors import InputError

FILE = "model.onnx"
TOKENS, LABEL_ID, PROBABILITIES = "tokens", "label_id", "probabilities"
"""Names of the input, int32 ``[batch, time]``, and of the outputs, int32 ``[batch]`` and float32 ``[batch, classes]``."""

_BATCH = 64


def open_session(path: Path, *, threads: int = 1) -> Any:
    """The model of a file, run by onnxruntime on the CPU.

    Raises:
        InputError: where onnxruntime is missing or cannot read the file.
    """
    if find_spec("onnxruntime") is None:
        raise InputError(f"{path}: onnxruntime runs ONNX files; install it: pip install onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  each failure of onnxruntime has an error class of its own
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: cannot be loaded ({reason}); export it again") from None


class OnnxRunner:
    """An exported ONNX file with its encoder.

    Args:
        folder: that ``tuner export --format onnx`` wrote.
        padded_lengths: of a custom model, those that texts are padded to; texts of one of them make a batch.
    """

    def __init__(self, folder: Path, padded_lengths: list[int] | None) -> None:
        """Loads both.

        Raises:
            InputError: where one of them is missing or damaged.
        """
        self._encoder = Encoder.load(folder)
        self._session = open_session(folder / FILE, threads=os.cpu_count() or 1)
        self._padded_lengths = padded_lengths

    def answers(self, texts: list[str]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Class of each text, int32 ``[texts]``, and float32 ``[texts, classes]``."""
        encoder = self._encoder
        encoded = encode_texts(texts, encoder.tokenizer, encoder.vocabulary, max_length=encoder.max_length)
        chosen = np.zeros(len(texts), np.int32)
        probabilities = np.zeros((len(texts), len(encoder.labels)), np.float32)
        order = np.argsort(encoded.lengths, kind="stable")
        for _, group in groupby(order.tolist(), lambda row: self._padded(int(encoded.lengths[row]))):
            rows_of_length = list(group)
            for start in range(0, len(rows_of_length), _BATCH):
                rows = rows_of_length[start : start + _BATCH]
                tokens = np.zeros((len(rows), int(encoded.lengths[rows].max())), np.int32)
                for place, row in enumerate(rows):
                    own = encoded.tokens[encoded.offsets[row] : encoded.offsets[row + 1]]
                    tokens[place, : len(own)] = own
                chosen[rows], probabilities[rows] = self._session.run([LABEL_ID, PROBABILITIES], {TOKENS: tokens})
        return chosen, probabilities

    def _padded(self, length: int) -> int:
        """What the model pads a text to; 0 for all lengths where that changes nothing."""
        if self._padded_lengths is None:
            return 0
        return next((padded for padded in self._padded_lengths if padded >= length), self._padded_lengths[-1])
