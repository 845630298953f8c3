"""``trials.parquet`` and ``epochs.parquet``: the search_state as tables, made anew from the journal at any time."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from search_spaces.families import ModelFamily
from tuner.metrics import metric_column
from tuner.runs.atomic import write_atomically
from tuner.runs.search_state import SearchState, TrialRecord

_ARROW_TYPES = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}
_JOURNAL_BYTES = b"frontier_tuner.journal_bytes"


_TYPES = {
    **dict.fromkeys(("trial_id", "model", "status", "error"), pa.string()),
    **dict.fromkeys(("parameters", "embedding_parameters", "repeat", "fold"), pa.int64()),
    "thresholds": pa.bool_(),
}
"""Of the columns of all tables; others are floating-point numbers."""


_EPOCHS = ("best_epoch", "epochs", "epoch")
"""Whole numbers where an epoch has one report."""


def _schema(*names: str, per_epoch: int = 1) -> pa.Schema:
    types = _TYPES | dict.fromkeys(_EPOCHS, pa.int64() if per_epoch == 1 else pa.float64())
    return pa.schema([(name, types.get(name, pa.float64())) for name in names])


def trial_schema(family: ModelFamily, metrics: Sequence[str] = ("accuracy",), per_epoch: int = 1) -> pa.Schema:
    """Columns of ``trials.parquet``.

    Args:
        family: of the models of the trials.
        metrics: that were reported.
        per_epoch: reports per epoch: where there are several, epochs are floating-point numbers.
    """
    configs = [(f"config/{name}", _ARROW_TYPES.get(kind, pa.string())) for name, kind in family.kinds.items()]
    best = (*_names("val", metrics), "val_loss", "train_accuracy", "train_loss", "best_epoch", "epochs", "seconds")
    counts = ("parameters", "embedding_parameters")
    return pa.schema(
        [
            *_schema("trial_id", "status"),
            *configs,
            *_schema(*counts, *best, *_names("test", metrics), "fold", "error", per_epoch=per_epoch),
        ]
    )


def epoch_schema(metrics: Sequence[str] = ("accuracy",), per_epoch: int = 1) -> pa.Schema:
    """Columns of ``epochs.parquet``, with the metrics that were reported; ``per_epoch`` as in ``trial_schema``."""
    losses, speed = ("train_loss", "train_accuracy", "val_loss"), ("seconds", "tokens_per_second")
    return _schema("trial_id", "epoch", *losses, *_names("val", metrics), *speed, per_epoch=per_epoch)


def repeat_schema(metrics: Sequence[str] = ("accuracy",), per_epoch: int = 1) -> pa.Schema:
    """Columns of ``repeats.parquet``, with the metrics that were reported; ``per_epoch`` as in ``trial_schema``."""
    results = ("val_loss", *_names("val", metrics), "test_loss", *_names("test", metrics))
    epochs = ("parameters", "best_epoch", "epochs")
    last = ("thresholds", "seconds", "error")
    return _schema("model", "repeat", "status", *epochs, *results, *last, per_epoch=per_epoch)


def _names(prefix: str, metrics: Sequence[str]) -> list[str]:
    return [metric_column(prefix, name) for name in metrics]


def metrics_of(columns: Sequence[str]) -> list[str]:
    """Names of the metrics that a table has columns of."""
    return [name.removeprefix("val_") for name in columns if name.startswith("val_") and name != "val_loss"]


def _columns(prefix: str, metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    return {metric_column(prefix, name): value for name, value in metrics.items()}


def _trial_row(record: TrialRecord, family: ModelFamily, tested: Mapping[str, float | None]) -> dict[str, Any]:
    best = record.best
    return {
        "trial_id": record.trial,
        "status": record.status,
        **{f"config/{name}": value for name, value in family.cells(record.config).items()},
        "parameters": record.parameters,
        "embedding_parameters": record.embedding_parameters,
        **_columns("val", best.metrics if best else {}),
        "val_loss": best.val_loss if best else None,
        "train_accuracy": best.train_accuracy if best else None,
        "train_loss": best.train_loss if best else None,
        "best_epoch": best.epoch if best else None,
        "epochs": record.last_epoch,
        "seconds": record.seconds,
        **_columns("test", tested),
        "fold": record.fold,
        "error": record.error,
    }


def trials_table(search_state: SearchState) -> pa.Table:
    """One row per trial, metrics at its best epoch."""
    tested = search_state.test_metrics()
    rows = [
        _trial_row(record, search_state.family, tested.get(record.trial, {})) for record in search_state.trials.values()
    ]
    schema = trial_schema(search_state.family, search_state.metrics(), search_state.reports_per_epoch)
    return pa.Table.from_pylist(rows, schema=schema)


def epochs_table(search_state: SearchState) -> pa.Table:
    """One row per trial and report: an epoch, or a part of one."""
    rows = [
        {"trial_id": record.trial, **event.model_dump(exclude={"metrics"}), **_columns("val", event.metrics)}
        for record in search_state.trials.values()
        for event in record.epochs
    ]
    return pa.Table.from_pylist(rows, schema=epoch_schema(search_state.metrics(), search_state.reports_per_epoch))


def repeats_table(search_state: SearchState) -> pa.Table:
    """One row per model and repeat of a confirmation, in the order in which they ended."""
    rows = [
        {
            **end.model_dump(),
            **_columns("val", end.val_metrics),
            **_columns("test", end.test_metrics),
            "thresholds": end.offsets is not None,
        }
        for end in search_state.repeats.values()
    ]
    return pa.Table.from_pylist(rows, schema=repeat_schema(search_state.metrics(), search_state.reports_per_epoch))


def write_tables(folder: Path, search_state: SearchState, *, journal_bytes: int) -> None:
    """Writes the tables, each in one step, with the length of the journal that they hold; repeats where there are any."""
    mark = {_JOURNAL_BYTES: str(journal_bytes).encode()}
    tables = {"epochs.parquet": epochs_table(search_state), "trials.parquet": trials_table(search_state)}
    if search_state.repeats:
        tables["repeats.parquet"] = repeats_table(search_state)
    for name, table in tables.items():
        write_atomically(folder / name, partial(pq.write_table, table.replace_schema_metadata(mark)))


def journal_bytes_of(table_file: Path) -> int:
    """How many bytes of the journal a table holds, -1 where it does not say."""
    metadata = pq.read_schema(table_file).metadata or {}
    return int(metadata.get(_JOURNAL_BYTES, b"-1"))
