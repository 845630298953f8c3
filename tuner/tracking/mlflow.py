"""A run as a run of MLflow's: a parent with the search, and a child for each trial.

Everything goes through a client of its own: what a caller does with ``mlflow`` in the same process is left alone.
"""

import logging
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.metrics import metric_column
from tuner.runs.events import EpochEnded
from tuner.runs.search_state import TrialRecord
from tuner.tracking.mlflow_model import MODEL, model_digest, write_mlflow_model
from tuner.tracking.tracker import Told, Tracker, best_figures, scalars

if TYPE_CHECKING:
    from mlflow.entities import Metric, Run

EXPERIMENT = "frontier-tuner"
"""The experiment, unless MLFLOW_EXPERIMENT_NAME names another."""
_RUN, _NAME, _STATUS, _FRONTIER, _DIGEST, _ERROR = (
    f"frontier_tuner.{name}" for name in ("run", "trial", "status", "frontier", "model", "error")
)
_SILENCE = {"MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
_MOST_TEXT = 5000
_UNNAMEABLE = re.compile(r"[^\w/.\- ]")
_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""MLflow's page then shows runs and their curves first, and not the traces of language models."""
_PARENT_STATUS = {"finished": "FINISHED", "failing": "FAILED"}


@dataclass
class _Batch:
    """What waits to be told of a run: hyperparameters and tags by name, and metrics."""

    metrics: "list[Metric]" = field(default_factory=list)
    params: Mapping[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class MLflow(Tracker):
    """A trial's metrics are told with the journal's times: of what is told again, MLflow keeps one."""

    def open(self) -> dict[str, Told]:
        """Finds the experiment and the run, or makes them."""
        with _quiet():
            from mlflow import MlflowClient

            self._client = MlflowClient(tracking_uri=self.place)
            name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
            experiment = self._client.get_experiment_by_name(name)
            self._experiment = (
                self._client.create_experiment(name, tags=_KIND)
                if experiment is None
                else str(experiment.experiment_id)
            )
        runs = list(self._runs())
        self._children = {run.data.tags[_NAME]: run for run in runs if _NAME in run.data.tags}
        parents = [run for run in runs if _NAME not in run.data.tags]
        self._present: dict[str, set[tuple[str, int]]] = {}
        self._waiting: dict[str, _Batch] = {}
        self._parent = parents[0].info.run_id if parents else self._new_parent()
        return {name: self._told(run) for name, run in self._children.items() if name in self.state.trials}

    def begin(self, record: TrialRecord) -> str:
        """Makes the child. Hyperparameters and parameters are told with what comes first: an epoch, or the end."""
        key = str(self._new_child(record.trial, self.log.started.get(record.trial)).info.run_id)
        self._waiting[key] = self._beginning(record)
        return key

    def add(self, key: str, record: TrialRecord, epochs: list[EpochEnded]) -> None:
        """Tells the figures of epochs; those of a trial that has ended together with its end."""
        self._waiting.setdefault(key, _Batch()).metrics += [
            _metric(name, value, epoch.time, record.step_of(epoch))
            for epoch in epochs
            for name, value in scalars(epoch).items()
        ]
        if not record.ended:
            self._send(key)

    def end(self, key: str, record: TrialRecord) -> None:
        """Tells the figures of the best epoch and what became of the trial; last its status, which says that all is told."""
        at, batch = self.log.ended.get(record.trial, time.time()), self._waiting.setdefault(key, _Batch())
        step = record.step_of(record.best) if record.best else 0
        batch.metrics += [_metric(name, value, at, step) for name, value in best_figures(record).items()]
        batch.tags[_STATUS] = record.status
        if record.error:
            batch.tags[_ERROR] = record.error[:_MOST_TEXT]
        self._send(key)
        is_well = record.status in ("completed", "stopped")
        self._terminate(key, "FINISHED" if is_well else "FAILED", at)

    def finish(self) -> None:
        """Tells of linear models and students, test figures, the frontier, the report, models, and how the search ended."""
        from analysis.loading import load

        self._tell_others()
        for name, figures in self.state.test_metrics().items():
            child = self._children.get(name)
            if child is not None:
                known = child.data.metrics
                wanted = {
                    _named(metric_column("test", metric)): value
                    for metric, value in figures.items()
                    if value is not None
                }
                self._log_metrics(
                    child.info.run_id, {key: value for key, value in wanted.items() if known.get(key) != value}, step=0
                )
        run = load(str(self.folder.path))
        self._tell_frontier(run)
        self._tell_report(run)
        for name, folder in self.models.items():
            self._tell_model(name, folder)
        end = self.state.end
        if end is not None:
            self._terminate(self._parent, _PARENT_STATUS.get(end.reason, "KILLED"), end.time)

    @property
    def look(self) -> str:
        """The server, or the command that shows a local store."""
        if self.place.startswith(("http://", "https://")):
            return f"{self.place.rstrip('/')}/#/experiments/{self._experiment}/runs"
        return f"mlflow ui --backend-store-uri {self.place}"

    def close(self) -> None:
        """Nothing stays open."""

    def _runs(self) -> "Iterator[Run]":
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment], f"tags.`{_RUN}` = '{self.log.identity}'", max_results=1000, page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    def _told(self, run: "Run") -> Told:
        """What is known of a trial: with all epochs, of which those that are there are not told again, unless it has ended."""
        key = str(run.info.run_id)
        if run.info.end_time is not None:
            return Told(key, ended=True)
        self._present[key] = {
            (metric.key, metric.step)
            for name in run.data.metrics
            for metric in self._client.get_metric_history(key, name)
        }
        self._waiting[key] = self._beginning(self.state.trials[run.data.tags[_NAME]])  # it may have been killed before
        return Told(key)

    def _beginning(self, record: TrialRecord) -> "_Batch":
        """What is known of a trial before its first epoch."""
        config = {key: value for key, value in self.log.proposed[record.trial].items() if value is not None}
        if record.fold is not None:
            config["fold"] = record.fold
        batch = _Batch(params=config)
        if record.parameters is not None:
            batch.metrics.append(
                _metric("parameters", record.parameters, self.log.started.get(record.trial, time.time()), 0)
            )
        return batch

    def _send(self, key: str) -> None:
        """Tells what waits: as a rule in one request, which takes as long as one figure does."""
        from mlflow.entities import Param, RunTag

        batch, present = self._waiting.pop(key, _Batch()), self._present.get(key, set())
        metrics = [metric for metric in batch.metrics if (metric.key, metric.step) not in present]
        params = [Param(_named(name), str(value)[:_MOST_TEXT]) for name, value in batch.params.items()]
        tags = [RunTag(name, value) for name, value in batch.tags.items()]
        self._client.log_batch(key, metrics, params, tags)

    def _terminate(self, key: str, status: str, at: float) -> None:
        with _quiet():
            self._client.set_terminated(key, status=status, end_time=int(at * 1000))

    def _new_parent(self) -> str:
        settings, started = self.settings, self.state.started_at or time.time()
        run = self._client.create_run(
            self._experiment, start_time=int(started * 1000), run_name=self.folder.name, tags={_RUN: self.log.identity}
        )
        self._waiting[run.info.run_id] = _Batch(
            params={
                "space": settings.space["name"],
                "data": Path(settings.data.source).name,
                "classes": len(settings.data.label_names),
                "train": settings.data.train,
                "validation": settings.data.validation,
                "metric": settings.metric,
                "searcher": settings.searcher,
                "scheduler": settings.scheduler.name,
                "folds": settings.fold_count,
                "epochs": settings.epochs,
                "seed": settings.seed,
            }
        )
        self._send(run.info.run_id)
        return str(run.info.run_id)

    def _new_child(self, name: str, started: float | None) -> "Run":
        tags = {"mlflow.parentRunId": self._parent, _RUN: self.log.identity, _NAME: name}
        start = int((time.time() if started is None else started) * 1000)
        run = self._client.create_run(self._experiment, start_time=start, run_name=name, tags=tags)
        self._children[name] = run
        return run

    def _log_metrics(self, key: str, figures: Mapping[str, float], *, step: int, at: float | None = None) -> None:
        when = time.time() if at is None else at
        self._waiting[key] = _Batch([_metric(name, value, when, step) for name, value in figures.items()])
        self._send(key)

    def _tell_others(self) -> None:
        """Linear models beside the trials, and students of them: children, too."""
        for name, rival in self.state.rivals.items():
            self._tell_other(name, rival.parameters, rival.val_metrics, rival.error, rival.time)
        for name, student in self.state.students.items():
            self._tell_other(name, student.parameters, student.val_metrics, student.error, student.time)

    def _tell_other(
        self, name: str, parameters: int | None, metrics: Mapping[str, float | None], error: str | None, at: float
    ) -> None:
        child = self._children.get(name)
        if child is not None and child.info.end_time is not None:
            return
        key = (self._new_child(name, at) if child is None else child).info.run_id
        figures = {f"best_{metric_column('val', metric)}": value for metric, value in metrics.items()}
        known = {**figures, "parameters": parameters}
        self._log_metrics(
            key, {metric: float(value) for metric, value in known.items() if value is not None}, step=0, at=at
        )
        if error:
            self._client.set_tag(key, _ERROR, error[:_MOST_TEXT])
        self._terminate(key, "FAILED" if error else "FINISHED", at)

    def _tell_frontier(self, run: Any) -> None:
        from analysis.frontier import frontier

        front = set(frontier(run.candidates, objective=run.objective)["trial_id"])
        for name, child in self._children.items():
            was = child.data.tags.get(_FRONTIER) == "true"
            if was != (name in front):
                self._client.set_tag(child.info.run_id, _FRONTIER, str(name in front).lower())

    def _tell_report(self, run: Any) -> None:
        """The report that the user has written, where it is of the whole run; else one without any text of the data."""
        from analysis.report import write_report

        own = self.folder.path / "report.html"
        with tempfile.TemporaryDirectory() as folder:
            file = own
            if not own.is_file() or own.stat().st_mtime < self.folder.journal.stat().st_mtime:
                file = Path(folder) / own.name
                write_report(run, file, with_texts=False)
            with _quiet():
                self._client.log_artifact(self._parent, str(file))

    def _tell_model(self, name: str, folder: Path) -> None:
        """An exported model as the artifact ``model`` of its trial, in MLflow's own format; the same one once."""
        child = self._children.get(name)
        if child is None:
            return
        key, digest = child.info.run_id, model_digest(folder)
        if child.data.tags.get(_DIGEST) == digest:
            return
        with tempfile.TemporaryDirectory() as place, _quiet():
            write_mlflow_model(folder, Path(place) / MODEL)
            self._client.log_artifacts(key, str(Path(place) / MODEL), MODEL)
        self._client.set_tag(key, _DIGEST, digest)


def _metric(name: str, value: float, at: float, step: int) -> "Metric":
    from mlflow.entities import Metric

    return Metric(_named(name), value, int(at * 1000), step)


def _named(name: str) -> str:
    """A name that MLflow takes."""
    return _UNNAMEABLE.sub("_", name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what MLflow and Alembic say about tables, links and files, amid the progress of a search.

    Its variables of the environment are the only way to say so; they are given back.
    """
    before = {name: os.environ.get(name) for name in _SILENCE}
    os.environ.update(_SILENCE)
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    import mlflow  # noqa: F401  it sets the levels when it is imported

    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
