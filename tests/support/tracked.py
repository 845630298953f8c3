"""What trackers were told of a run, read back by their own libraries: all that is there, twice where it was told twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

from tuner.runs.folder import RunFolder
from tuner.tracking.run_log import RunLog

Curves = dict[str, list[tuple[int, Any]]]
"""Of each trial its epochs with their validation accuracy."""


def written(folder: RunFolder) -> Curves:
    """What the journal has."""
    log = RunLog(folder.journal)
    log.read()
    return {r.trial: [(e.epoch, pytest.approx(e.metrics["accuracy"])) for e in r.epochs] for r in log.tellable()}


def told_to_optuna(storage: str, study: str) -> Curves:
    trials = optuna.load_study(study_name=study, storage=storage).trials
    names = [trial.user_attrs["trial"] for trial in trials]
    assert len(names) == len(set(names))
    return {name: sorted(trial.intermediate_values.items()) for name, trial in zip(names, trials, strict=True)}


def told_to_mlflow(place: str, experiment: str) -> Curves:
    from mlflow import MlflowClient

    client = MlflowClient(place)
    runs = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    children = {
        run.data.tags["frontier_tuner.trial"]: run.info.run_id for run in runs if "mlflow.parentRunId" in run.data.tags
    }
    assert len(children) == len(runs) - 1  # each trial once, and the search
    return {
        name: [(one.step, one.value) for one in client.get_metric_history(key, "val_accuracy")]
        for name, key in children.items()
    }


def told_to_tensorboard(folder: Path) -> Curves:
    """Of event files, whose checksums are checked. A process that was killed may have left a part of a record at an end."""
    pytest.importorskip("tensorboard.compat.tensorflow_stub", reason="needs frontier-tuner[tensorboard]")
    found = {}
    for trial in sorted(path for path in folder.iterdir() if path.is_dir()):
        events = [event for file in sorted(trial.iterdir()) for event in _events(file)]
        found[trial.name] = [
            (event.step, value.simple_value)
            for event in events
            for value in event.summary.value
            if value.tag == "val/accuracy"
        ]
        tags = [value.tag for event in events for value in event.summary.value if value.tag.startswith("_hparams_")]
        assert tags == list(dict.fromkeys(tags))
    return found


def _events(file: Path) -> Iterator[Any]:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.tensorflow_stub import errors, pywrap_tensorflow

    reader = pywrap_tensorflow.PyRecordReader_New(str(file))
    while True:
        try:
            reader.GetNext()
        except (errors.OutOfRangeError, errors.DataLossError):
            return
        yield Event.FromString(reader.record())
