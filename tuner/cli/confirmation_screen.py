"""What a confirmation shows: a line for every repeat, and a table at the end."""

import time

import numpy as np
from rich.console import Console
from rich.table import Table

from analysis.columns import config_of, records
from analysis.confirmation import Confirmation
from analysis.loading import Run
from analysis.wording import network_text
from tuner.cli.duration import duration_text
from tuner.data.wording import counted
from tuner.runs.events import RepeatEnded
from tuner.search.confirmation.conductor import ConfirmationConductor

_WIDE = 110


class RepeatLines:
    """A line for every repeat that ends. Its test accuracy is not in it: that is for the end, when all are judged."""

    def __init__(self, console: Console, repeats: int) -> None:
        """Takes where to print, and says what takes so long."""
        self._console = console
        self._repeats = repeats
        self._started = time.monotonic()
        self._told = 0
        console.print("starting Ray and the workers ...")

    def show(self, conductor: ConfirmationConductor) -> None:
        """Prints what ended since the last call."""
        for end in conductor.ended[self._told :]:
            self._told += 1
            elapsed, done = duration_text(time.monotonic() - self._started), f"{self._told}/{conductor.planned}"
            self._console.print(f"{elapsed:>6}  {done}  {self._line(end)}", soft_wrap=True, markup=False)

    def _line(self, end: RepeatEnded) -> str:
        what = f"{end.model}, repeat {end.repeat} of {self._repeats}"
        if end.val_accuracy is None:
            return f"{what} {end.status}" + (f": {end.error}" if end.error else "")
        return f"{what}: validation {end.val_accuracy:.4f} at epoch {end.best_epoch} of {end.epochs}"


def print_confirmation(console: Console, run: Run, found: Confirmation) -> None:
    """The confirmed models as a table, wider where the terminal is, and what they come to."""
    wide = console.width >= _WIDE
    names = [
        "model",
        "test acc",
        "95 % interval",
        "parameters",
        "repeats",
        "",
        *(["val acc", "network"] if wide else []),
    ]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, justify="left" if name in ("model", "", "network") else "right", no_wrap=True)
    trials = {row["trial_id"]: row for _, row in run.trials.iterrows()}
    for row in records(found.models):
        model = row["model"]
        cells = [
            model,
            f"{row['test_accuracy']:.4f}",
            f"{row['low']:.4f} to {row['high']:.4f}",
            f"{row['parameters']:,}",
            f"{row['repeats']}" + (f" of {row['repeats'] + row['broken']}" if row["broken"] else ""),
            "tied" if row["tied"] else "",
        ]
        if wide:
            network = network_text(config_of(trials[model])) if model in trials else "mean of word vectors"
            cells += [f"{row['val_accuracy']:.4f}", network]
        table.add_row(*cells, style="bold" if row["tied"] else None)
    console.print()
    console.print(table)
    console.print(f"\n{found.sentence}", markup=False)
    console.print(
        f"{counted(found.texts, 'test text')}; tied: not told from the first by simultaneous 95 % intervals over "
        f"{counted(len(found.comparisons), 'paired comparison')}",
        style="dim",
    )


def confirmation_document(run: Run, found: Confirmation) -> dict[str, object]:
    """The same as a JSON document; an interval without bounds has none."""
    return {
        "run": run.name,
        "folder": run.folder.place,
        "texts": found.texts,
        "smallest_tied": found.smallest_tied["model"],
        "models": records(found.models),
        "comparisons": records(found.comparisons.replace([np.inf, -np.inf], np.nan)),
    }
