"""What models predicted, text by text.

A small Parquet file for each model and repeat of a confirmation; and the probabilities of the validation texts at the best
epoch of each trial whose weights are kept, a NumPy archive beside these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tuner.measures import Predictions
from tuner.runs.atomic import write_atomically

PREDICTION_SCHEMA = pa.schema(
    [
        ("part", pa.dictionary(pa.int8(), pa.string())),
        ("row", pa.int32()),
        ("label", pa.int16()),
        ("answer", pa.int16()),
        ("confidence", pa.float32()),
    ]
)


@dataclass(frozen=True, eq=False)
class PartTexts:
    """The texts of a part as an evaluation needs them.

    Attributes:
        rows: int64 [texts], where each stands in the data set.
        labels: int32 [texts], class indices.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class PartAnswers:
    """A model's answers on a part, in the order of its texts.

    Attributes:
        answers: int16 [texts], class indices.
        confidences: float32 [texts], their probabilities.
    """

    answers: NDArray[np.int16]
    confidences: NDArray[np.float32]


def write_predictions(path: Path, parts: dict[str, tuple[PartTexts, PartAnswers]]) -> None:
    """Writes the answers of one model, one row per text: its part, row in the data set, label, answer and confidence.

    Some five bytes a text: 10,000 texts are 50 kB.
    """
    tables = [
        pa.table(
            {
                "part": pa.array([part] * len(texts.rows)).dictionary_encode(),
                "row": texts.rows,
                "label": texts.labels,
                "answer": given.answers,
                "confidence": given.confidences,
            }
        ).cast(PREDICTION_SCHEMA)
        for part, (texts, given) in parts.items()
    ]
    path.parent.mkdir(exist_ok=True)
    write = partial(
        pq.write_table,
        pa.concat_tables(tables),
        compression="zstd",
        use_dictionary=["part", "label", "answer"],
        column_encoding={"row": "DELTA_BINARY_PACKED", "confidence": "BYTE_STREAM_SPLIT"},
    )
    write_atomically(path, write)


def read_predictions(path: Path) -> pa.Table:
    """The table that ``write_predictions`` wrote.

    Raises:
        OSError: where it is not there.
        pyarrow.ArrowInvalid: where it is no such table.
    """
    return pq.read_table(path, schema=PREDICTION_SCHEMA)


def pack_validation(found: Predictions) -> bytes:
    """Predictions of the validation texts as a NumPy archive: ``labels`` int32, ``probabilities`` float16 [texts, classes].

    Two bytes a text and class, and four a text: 10,000 texts of five classes are 140 kB.
    """
    buffer = BytesIO()
    probabilities = np.exp(found.log_probabilities).astype(np.float16)
    np.savez(buffer, labels=found.labels.astype(np.int32), probabilities=probabilities)
    return buffer.getvalue()


def validation_bytes(texts: int, classes: int) -> int:
    """Size of what ``pack_validation`` gives, at most."""
    return texts * (4 + 2 * classes) + 1024


def read_validation(path: Path, label_names: Sequence[str]) -> Predictions:
    """What ``pack_validation`` packed.

    Raises:
        OSError: where it is not there.
        ValueError: where it is no such archive.
    """
    with np.load(path, allow_pickle=False) as archive:
        labels, probabilities = archive["labels"], archive["probabilities"].astype(np.float64)
    with np.errstate(divide="ignore"):
        return Predictions(labels, probabilities.argmax(axis=1), np.log(probabilities), label_names)
