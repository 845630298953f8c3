"""``tuner export``."""

import shlex
from pathlib import Path
from typing import Any, cast

from analysis.ensembles import ENSEMBLE
from tuner.cli.terminal import Terminal, print_command
from tuner.export.export import PREDICTING, Format, export_run


def export_command(
    run: str, runs_dir: Path, *, trial: str, out: Path | None, kind: str, force: bool, measure: bool = False
) -> int:
    """Exports, and says what was written and how to go on."""
    console = Terminal()
    exported = export_run(run, runs_dir, trial=trial, out=out, kind=cast("Format", kind), force=force, measure=measure)
    objective = exported.objective
    for model in exported.models:
        named = "" if model["trial"] == ENSEMBLE else "trial "
        console.print(
            f"{named}{model['trial']}: validation {objective.metric.title} {model[objective.column]:.4f}, "
            f"{model['parameters']:,} parameters"
        )
        if "ensemble" in model:
            console.print(_members(model["ensemble"]), soft_wrap=True)
        if model.get("is_changed"):
            console.print(
                f"note: the modules of {model['hypermodel']} have changed since the search began; this is what they build now",
                soft_wrap=True,
            )
        for entry in model.get("quantised", ()):
            console.print(f"  {_quantised(entry)}", soft_wrap=True)
        for one in model.get("measured", ()):
            console.print(f"  {_cost(one)}", soft_wrap=True)
        if "onnx" in model:
            console.print(f"  {_checked(model['onnx'])}", soft_wrap=True)
    console.print(f"written to {exported.folder} ({exported.bytes / 1e6:.1f} MB)", soft_wrap=True)
    if kind in PREDICTING:
        model_dir = exported.folder / exported.models[-1]["trial"] if trial == "frontier" else exported.folder
        print_command(console, f'next: python -m tuner predict {shlex.quote(str(model_dir))} "a text"')
    return 0


def _cost(one: dict[str, Any]) -> str:
    return (
        f"{one['model']}: {one['bytes']:,} bytes, {one['p50_ms']:.2f} ms for one text (slowest twentieth {one['p95_ms']:.2f} "
        f"ms), {one['texts_per_second']:,.0f} texts a second in batches of 64; {one['takes']}, one thread, medians of 5 "
        f"processes (spread {one['spread']:.0%})"
    )


def _checked(onnx: dict[str, Any]) -> str:
    return f"onnxruntime agrees with the SavedModel to {onnx['largest_difference']:.0e} ({onnx['texts']} made-up texts)"


def _members(chosen: dict[str, Any]) -> str:
    shares = ", ".join(f"{member['weight']:.0%} {member['name']}" for member in chosen["members"])
    return (
        f"  mean of {shares}, chosen on the validation texts; {chosen['cross_fitted']:.4f} where it is chosen on others"
    )


def _quantised(entry: dict[str, Any]) -> str:
    size = f"{entry['bytes']:,} bytes" if entry["bytes"] else "not written"
    accuracy = f", validation accuracy {entry['val_accuracy']:.4f}" if entry["val_accuracy"] is not None else ""
    return f"{entry['kind']}: {size}{accuracy}" + (f"; {entry['note']}" if entry["note"] else "")
