"""A search on folds with a made-up trainer."""

from dataclasses import replace
from pathlib import Path

from support.fakes import PLAN, controller_of, drive, fake_report, run_folder, run_settings
from tuner.runs.folder import RunFolder
from tuner.runs.settings import FoldSettings, write_settings
from tuner.runs.store import RunStore
from tuner.search.schedulers.scheduler import RunToTheEnd
from tuner.training.report import EpochReport

FOLDS = 3
FOLDED = replace(PLAN, trials=12 * FOLDS, epochs=4, folds=FOLDS)


def fold_report(index: int, epoch: int) -> EpochReport:
    """A configuration's own level, and a fold that is harder for all of them."""
    number, fold = divmod(index, FOLDS)
    report = fake_report(number, epoch)
    noise = 0.004 * ((index * 5) % 7)
    return replace(report, metrics={"accuracy": report.metrics["accuracy"] - 0.05 * (fold == 1) - noise})


def folded_run(path: Path, *, reports: int | None = None) -> RunFolder:
    """Writes the folder of a search, whole or interrupted after so many reports."""
    folder = run_folder(path)
    settings = run_settings()
    folds = FoldSettings(count=FOLDS, texts=(5, 5, 5), fingerprint="0")
    changes = {"trials": FOLDED.trials, "epochs": FOLDED.epochs, "folds": folds, "name": path.name}
    write_settings(folder.settings, settings.model_copy(update=changes))
    store = RunStore(folder)
    controller = controller_of(store, FOLDED, scheduler=RunToTheEnd())
    if drive(controller, store, reports=reports, report_of=fold_report):
        controller.end("finished")
    store.close()
    return folder
