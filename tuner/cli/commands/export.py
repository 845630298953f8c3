"""``tuner export``."""

from pathlib import Path

import click

from tuner.cli.parsing import runs_dir_option


@click.command(short_help="Write a trial of a run as a model that takes raw strings.")
@click.argument("run")
@click.option(
    "--trial",
    default="best",
    show_default=True,
    metavar="best|knee|frontier|ID",
    help="Which trial: the most accurate, the one at the frontier's knee, all of the frontier, or an id.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Folder to write.  [default: exports/RUN-TRIAL]",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["saved_model", "keras", "tflite"]),
    default="saved_model",
    show_default=True,
    help="A SavedModel for raw strings, a Keras file for token ids, or quantised LiteRT files (float16 and int8).",
)
@click.option("--force", is_flag=True, help="Replace the folder if it holds an exported model.")
@runs_dir_option
def export(run: str, trial: str, out: Path | None, kind: str, force: bool, runs_dir: Path) -> int:
    """Write a trial of RUN (a name or a folder) as a model that needs TensorFlow only, with a model card beside it."""
    from tuner.cli.export import export_command

    return export_command(run, runs_dir, trial=trial, out=out, kind=kind, force=force)
