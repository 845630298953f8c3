"""``tuner report``."""

from pathlib import Path

from analysis.loading import Run, load_results
from analysis.recommendation import recommend
from analysis.report import write_report
from tuner.cli.terminal import Terminal
from tuner.metrics import Mode


def report_command(
    run: str, runs_dir: Path, *, out: Path | None, metric: str | None = None, metric_mode: Mode | None = None
) -> int:
    """Writes the report and says where, and what it comes to."""
    loaded = load_results(run, runs_dir=runs_dir, metric=metric, metric_mode=metric_mode)
    folder = loaded.folder.path if isinstance(loaded, Run) else loaded.path
    path = out if out is not None else folder / "report.html"
    write_report(loaded, path)
    place = loaded.folder.publish(path) if out is None and isinstance(loaded, Run) else str(path)
    console = Terminal()
    rivals = loaded.rivals if isinstance(loaded, Run) else None
    decision = recommend(loaded.candidates, objective=loaded.objective, rivals=rivals)
    console.print(decision.sentence if decision else "No trial has finished an epoch yet.", soft_wrap=True)
    console.print(f"{place} ({path.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)
    return 0
