"""Seconds between the end of one trial and the beginning of the next on the same worker, from a run's journal.

    python tests/benchmarks/bench_turnaround.py RUN

For a run with one worker (``--concurrency 1``). A trial's first epoch began ``seconds`` before it was reported; what lies
between that and the end of the trial before is Ray's and ours. Compilation is within the epoch and is listed beside it.
"""

import sys
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tuner.runs.folder import find_run
from tuner.runs.journal import read_journal


def main(run: str) -> None:
    """Prints one row per trial and the medians."""
    table = Table("trial", "gap (s)", "compile (s)", "first epoch (s)")
    gaps = []
    ended_at = None
    for event in read_journal(find_run(run, Path("runs")).journal):
        if event.event == "epoch" and event.epoch == 1:
            gap = None if ended_at is None else event.time - event.seconds - ended_at
            gaps += [] if gap is None else [gap]
            shown = "" if gap is None else f"{gap:.3f}"
            table.add_row(event.trial, shown, f"{event.compile_seconds:.2f}", f"{event.seconds:.2f}")
        elif event.event == "trial_ended":
            ended_at = event.time
    console = Console()
    console.print(table)
    console.print(f"median gap {median(gaps):.3f} s, longest {max(gaps):.3f} s" if gaps else "one trial: no gaps")


if __name__ == "__main__":
    main(sys.argv[1])
