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
        ("split", pa.dictionary(pa.int8(), pa.string())),
        ("row", pa.int32()),
        ("label", pa.int16()),
        ("predicted", pa.int16()),
        ("confidence", pa.float32()),
    ]
)


@dataclass(frozen=True, eq=False)
class SplitTexts:
    """The texts of a split as an evaluation needs them.

    Attributes:
        rows: int64 [texts], where each stands in the data set.
        labels: int32 [texts], class indices.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class SplitPredictions:
    """A model's predictions on a split, in the order of its texts.

    Attributes:
        predicted: int16 [texts], class indices.
        confidences: float32 [texts], their probabilities.
        probabilities: float16 [texts, classes] of more than two classes; None of two, where the confidence says both.
    """

    predicted: NDArray[np.int16]
    confidences: NDArray[np.float32]
    probabilities: NDArray[np.float16] | None = None


def write_predictions(path: Path, splits: dict[str, tuple[SplitTexts, SplitPredictions]]) -> None:
    """Writes the predictions of one model, one row per text: its split, row in the data set, label, prediction and confidence.

    Of more than two classes the probability of each, too. Some five bytes a text, and two for each of these: 10,000 texts of
    two classes are 50 kB.
    """
    tables = [_table(split, texts, given) for split, (texts, given) in splits.items()]
    path.parent.mkdir(exist_ok=True)
    write = partial(
        pq.write_table,
        pa.concat_tables(tables),
        compression="zstd",
        use_dictionary=["split", "label", "predicted"],
        column_encoding={"row": "DELTA_BINARY_PACKED", "confidence": "BYTE_STREAM_SPLIT"},
    )
    write_atomically(path, write)


def _table(split: str, texts: SplitTexts, given: SplitPredictions) -> pa.Table:
    table = pa.table(
        {
            "split": pa.array([split] * len(texts.rows)).dictionary_encode(),
            "row": texts.rows,
            "label": texts.labels,
            "predicted": given.predicted,
            "confidence": given.confidences,
        }
    ).cast(PREDICTION_SCHEMA)
    if given.probabilities is not None:
        for number, of_class in enumerate(given.probabilities.T):
            table = table.append_column(f"probability_{number}", pa.array(np.ascontiguousarray(of_class)))
    return table


def read_predictions(path: Path) -> pa.Table:
    """The table that ``write_predictions`` wrote.

    Its first five columns are taken by their places: earlier versions named two of them otherwise.

    Raises:
        OSError: where it is not there.
        pyarrow.ArrowInvalid: where it is no such table.
    """
    table = pq.read_table(path)
    first = len(PREDICTION_SCHEMA)
    if table.num_columns < first:
        raise pa.ArrowInvalid(f"{table.num_columns} columns, not {first}")
    known = table.select(range(first)).rename_columns(PREDICTION_SCHEMA.names).cast(PREDICTION_SCHEMA)
    for number in range(table.num_columns - first):
        known = known.append_column(f"probability_{number}", table.column(first + number))
    return known


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
