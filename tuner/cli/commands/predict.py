"""``tuner predict``."""

from pathlib import Path

import click


@click.command(short_help="Classify texts with an exported model.")
@click.argument("model_dir", type=click.Path(path_type=Path))
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--file", type=click.Path(path_type=Path), default=None, metavar="F", help="UTF-8 file, a text a line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON alone on stdout.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV alone on stdout.")
def predict(model_dir: Path, texts: tuple[str, ...], file: Path | None, as_json: bool, as_csv: bool) -> int:
    """Classify texts with the model in MODEL_DIR: the given ones, a file's lines, or the lines of standard input.

    Every line is a text, an empty one too: answers come in the order of the lines, as many as there are.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other; give one", click.get_current_context())
    if texts and file:
        raise click.UsageError("give texts or --file, not both", click.get_current_context())
    from tuner.cli.predict import predict_command

    return predict_command(model_dir, texts, file, style="json" if as_json else "csv" if as_csv else "table")
