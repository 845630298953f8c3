"""Trials as a searcher is told of them."""

from tuner.runs.events import EpochEnded
from tuner.runs.search_state import TrialRecord


def epoch_of(trial, epoch, accuracy, decision="continue"):
    return EpochEnded(
        time=0.0, trial=trial, epoch=epoch, train_loss=0.5, train_accuracy=accuracy, val_loss=0.5,
        metrics={"accuracy": accuracy}, seconds=1.0, compile_seconds=0.0, tokens_per_second=1.0, decision=decision,
    )  # fmt: skip


def record_of(index, config, curve, *, status="completed", parameters=1000, paused=False):
    trial = f"{index:05d}"
    epochs = [epoch_of(trial, number, value) for number, value in enumerate(curve, start=1)]
    known = [epoch for epoch in epochs if epoch.metrics["accuracy"] is not None]
    best = max(known, key=lambda epoch: epoch.metrics["accuracy"], default=None)
    return TrialRecord(
        trial, index, config.model_dump(), parameters, 0, status=status, paused=paused, epochs=epochs, best=best
    )
