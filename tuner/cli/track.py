"""``tuner track``."""

from collections.abc import Sequence
from pathlib import Path

from tuner.cli.terminal import Terminal
from tuner.errors import InputError
from tuner.formatting import counted
from tuner.runs.folder import RunFolder, find_run
from tuner.runs.settings import SearchSettings, read_settings
from tuner.tracking.destinations import Destination, destinations
from tuner.tracking.following import check_reachable, reason_of, telling, tracker_for
from tuner.tracking.mlflow_model import checked_models, models_of_run
from tuner.tracking.run_log import RunLog
from tuner.tracking.tracker import Tracker


def track_command(run: str, runs_dir: Path, *, to: Sequence[str], models: Sequence[Path]) -> int:
    """Tells each tracker what it does not know yet, and says how to look at it."""
    told = destinations(to)
    folder = find_run(run, runs_dir)
    settings, log = read_settings(folder.settings), RunLog(folder.journal)
    log.read()
    if models and not any(destination.kind == "mlflow" for destination in told):
        raise InputError("is for `to='mlflow'` alone; add it, or leave the model out", option="models", value=models[0])
    exported = (
        checked_models(models, log.state, folder.name)
        if models
        else models_of_run(sorted(Path("exports").glob("*")), log.state)
    )
    console = Terminal()
    for destination in told:
        tracker = _told(destination, folder, settings, log, exported)
        trials, epochs = tracker.new
        console.print(
            f"{destination.shown}: {counted(tracker.trials, 'trial')}, of these {trials:,} new, "
            f"{counted(epochs, 'new epoch')}; look: {tracker.look}",
            soft_wrap=True,
        )
    return 0


def _told(
    destination: Destination, folder: RunFolder, settings: SearchSettings, log: RunLog, models: dict[str, Path]
) -> Tracker:
    with telling(log, destination):
        try:
            check_reachable(destination.place)
            tracker = tracker_for(destination, folder, settings, log)
            tracker.models = models
            tracker.connect()
            tracker.catch_up()
            tracker.finish()
            tracker.close()
        except InputError:
            raise
        except Exception as error:  # what libraries raise where nobody answers is of many kinds
            raise InputError(
                f"{destination.shown}: cannot be reached ({reason_of(error)}); check the place and that it runs, then give the "
                "same command again"
            ) from error
    return tracker
