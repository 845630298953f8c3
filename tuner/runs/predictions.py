"""What the models of a confirmation answered, text by text: a small Parquet file a model and repeat."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

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
    """The texts of a part as a judge needs them.

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
        answers: int16 [texts], the most probable class.
        confidences: float32 [texts], its probability.
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
