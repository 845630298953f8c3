"""``search --dry-run --json``: how the data were understood, and what the search would take."""

import json
from collections import Counter
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from tuner.cli.spelling import with_options
from tuner.data.pipeline import PreparedData
from tuner.runs.settings import SearchSettings
from tuner.search.forecast import Forecast

_EXAMPLES = 3


def print_plan_document(settings: SearchSettings, data: PreparedData, expected: Forecast | None) -> None:
    """One JSON document on stdout: the data as they were read, the notes of the screen, and the forecast."""
    document = {
        "data": _data(settings, data),
        "notes": [with_options(note) for note in data.notes],
        "forecast": expected and vars(expected),
    }
    click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))


def _data(settings: SearchSettings, data: PreparedData) -> dict[str, Any]:
    dataset, reading, splits = data.dataset, data.dataset.reading, data.splits
    parts = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    used = np.sort(np.concatenate(list(parts.values())))
    left_out = dict(reading.left_out)
    if repeated := len(dataset) - len(used):
        left_out["repeats a text that is held out"] = repeated

    def classes(rows: np.ndarray[Any, np.dtype[np.int64]]) -> dict[str, int]:
        counts = np.bincount(dataset.labels[rows], minlength=len(dataset.label_names))
        return dict(zip(dataset.label_names, counts.tolist(), strict=True))

    examples: list[str] = []
    seen: Counter[int] = Counter()
    for row in used.tolist():
        label = int(dataset.labels[row])
        if seen[label] < _EXAMPLES:
            seen[label] += 1
            examples.append(dataset.texts[row])
    counts = classes(used)
    folds = fold_classes(data)
    in_folds = None
    if folds is not None:
        in_folds = [
            {"texts": sum(own), "classes": dict(zip(dataset.label_names, own, strict=True))} for own in folds.tolist()
        ]
    return {
        "source": settings.data.source,
        "format": reading.format,
        "encoding": reading.encoding,
        "delimiter": reading.delimiter,
        "text_columns": list(reading.text_columns),
        "label_column": reading.label_column,
        "split_column": reading.split_column,
        "rows_read": reading.rows_read,
        "left_out": [{"reason": reason, "count": count} for reason, count in left_out.items()],
        "texts": len(used),
        "classes": counts,
        "majority_share": max(counts.values()) / len(used),
        "parts": {name: {"texts": len(rows), "classes": classes(rows)} for name, rows in parts.items()},
        **({} if in_folds is None else {"folds": in_folds}),
        "tokens": {
            "median": float(np.median(data.token_counts)),
            "longest": int(data.token_counts.max()),
            "limit": settings.data.max_length,
            "texts_cut": int((data.token_counts > settings.data.max_length).sum()),
        },
        "examples": examples,
    }


def fold_classes(data: PreparedData) -> NDArray[np.int64] | None:
    """int64 [folds, classes], texts of each class in each fold; None without folds."""
    encoded = data.encoded
    if encoded.folds is None:
        return None
    counts = np.zeros((int(encoded.folds.max()), len(data.dataset.label_names)), np.int64)
    np.add.at(counts, (encoded.folds - 1, encoded.train.labels), 1)
    return counts
