"""Made-up finished runs of named experiments: a trial for every point of the grid, as accurate as the test says."""

from collections.abc import Callable
from pathlib import Path

from search_spaces import TrialConfig, named_space
from search_spaces.documents import space_document
from search_spaces.experiment import named_experiment
from support.fakes import run_settings
from tuner.runs.events import EpochEnded, Event, SearchEnded, SearchStarted, TrialEnded, TrialProposed, TrialStarted
from tuner.runs.folder import RunFolder
from tuner.runs.settings import write_settings

Accuracy = Callable[[TrialConfig, int], float]
"""Validation accuracy of a configuration after so many epochs, counted from 1."""


def experiment_run(
    path: Path, name: str, accuracy: Accuracy, *, train_loss: float = 0.5, fraction: float = 1.0
) -> RunFolder:
    """Writes the run folder of a whole experiment, validated on 5,000 texts, two seconds an epoch."""
    experiment, points = named_experiment(name), list(named_space(name).grid())
    base = run_settings()
    data = base.data.model_copy(
        update={
            "source": experiment.data,
            "train": 35_000,
            "validation": 5_000,
            "fraction": fraction,
            "vocabulary_size": 30_000,
        }
    )
    settings = base.model_copy(
        update={
            "name": path.name,
            "data": data,
            "space": space_document(named_space(name)),
            "trials": len(points),
            "epochs": experiment.epochs,
            "searcher": "grid",
            "scheduler": base.scheduler.model_copy(update={"name": "none"}),
        }
    )
    path.mkdir(parents=True)
    folder = RunFolder(path)
    write_settings(folder.settings, settings)
    events: list[Event] = [SearchStarted(time=0.0, trials=len(points))]
    for index, config in enumerate(points):
        trial = f"{index:05d}"
        events.append(
            TrialProposed(
                time=0.0,
                trial=trial,
                index=index,
                config=config.model_dump(),
                parameters=1_000 + index,
                embedding_parameters=500,
            )
        )
        events.append(TrialStarted(time=0.0, trial=trial))
        for epoch in range(1, experiment.epochs + 1):
            events.append(
                EpochEnded(
                    time=0.0, trial=trial, epoch=epoch, train_loss=train_loss, train_accuracy=0.9, val_loss=0.4,
                    metrics={"accuracy": accuracy(config, epoch)}, seconds=2.0, compile_seconds=0.0, tokens_per_second=1.0,
                    decision="stop" if epoch == experiment.epochs else "continue",
                )
            )  # fmt: skip
        events.append(TrialEnded(time=0.0, trial=trial, status="completed"))
    events.append(SearchEnded(time=0.0, reason="finished"))
    folder.journal.write_text("".join(event.model_dump_json() + "\n" for event in events))
    return folder
